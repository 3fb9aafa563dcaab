/// "method": {"type": "ia3", …}; names and meanings are PEFT's `IA3Config`.
import Adapters

extension IA3Config: MethodSection {
  /// As Liu et al. 2022 trained.
  var defaultLearningRate: Double { 3e-3 }

  mutating func declare(_ fields: Fields) {
    modules.declareTargets(fields)
    fields.optional(
      "feedforward_modules", &feedforward, .modules(orAll: false, least: 0),
      "Which of them have their input scaled, not their output.")
    fields.field("init_ia3_weights", &initIA3Weights, .bool, "Start all scales from 1; else from chance.")
    modules.declareSaved(fields)
  }
}
