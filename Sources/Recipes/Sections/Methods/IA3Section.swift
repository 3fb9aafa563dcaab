/// "method": {"type": "ia3", …}. Keys are those of PEFT's `IA3Config`.
import Adapters

extension IA3Config: MethodSection {
  /// The value of Liu et al. 2022.
  var defaultLearningRate: Double { 3e-3 }

  mutating func declare(_ fields: Fields) {
    modules.declareTargets(fields)
    fields.optional(
      "feedforward_modules", &feedforward, .modules(orAll: false, minCount: 0),
      "Targets whose input is scaled instead of their output.")
    fields.field(
      "init_ia3_weights", &initIA3Weights, .bool, "Initialize the scales to 1; otherwise from a normal distribution.")
    modules.declareModulesToSave(fields)
  }
}
