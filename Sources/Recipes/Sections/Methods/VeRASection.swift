/// "method": {"type": "vera", …}. Keys are those of PEFT's `VeraConfig`.
import Adapters

extension VeRAConfig: MethodSection {
  /// Kopiczko et al. 2024 used 4e-3 to 1e-2 on GLUE.
  var defaultLearningRate: Double { 4e-3 }

  mutating func declare(_ fields: Fields) {
    fields.field("rank", &rank, .int(1..., maximum: 65536), "Rank of the shared matrices.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout on the adapter's input.")
    fields.field("d_initial", &dInitial, .number(above: 0), "Initial value of every element of lambda_d.")
    fields.field(
      "projection_prng_key", &projectionPRNGKey, .int(0...),
      "Random seed of the shared matrices. The same key and sizes give the same matrices.")
    fields.optional(
      "target_modules", &modules.targets, .modules(orAll: true),
      "Modules to adapt, by name suffixes.")
    modules.declareLayers(fields)
    modules.declareModulesToSave(fields)
  }
}
