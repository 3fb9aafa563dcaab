/// "method": {"type": "full"}

/// The model itself learns.
struct FullTraining: MethodSection {
  var usualLearningRate: Double { 5e-5 }

  mutating func state(_ fields: Fields) {}
}
