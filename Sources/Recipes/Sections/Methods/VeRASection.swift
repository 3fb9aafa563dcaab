/// "method": {"type": "vera", …}; names and meanings are PEFT's `VeraConfig`.
import Adapters

extension VeRAConfig: MethodSection {
  /// Kopiczko et al. 2024 took 4e-3 to 1e-2 on GLUE.
  var defaultLearningRate: Double { 4e-3 }

  mutating func declare(_ fields: Fields) {
    fields.field("rank", &rank, .int(1..., most: 65536), "The shared matrices' rank.")
    fields.field("dropout", &dropout, .number(0..<1), "Dropout of the adapter's input.")
    fields.field("d_initial", &dInitial, .number(above: 0), "What every number of lambda_d starts from.")
    fields.field(
      "projection_prng_key", &projectionPRNGKey, .int(0...),
      "The chance of the shared matrices: one key gives the same ones again.")
    fields.optional(
      "target_modules", &modules.targets, .modules(orAll: true),
      "Which matrices get an adapter, by their names' ends.")
    modules.declareLayers(fields)
    modules.declareSaved(fields)
  }
}
