/// "method" of types "layer_norm", "bitfit" and "head": weights of the model itself learn, but few.
import Adapters
import Files

extension LayerNormTuning: MethodSection {
  var usualLearningRate: Double { 1e-3 }

  mutating func state(_ fields: Fields) {
    fields.optional(
      "target_modules", &modules.targets, .modules(orAll: false), "Which LayerNorms learn, by their names' ends.")
    modules.stateExcluded(fields)
    modules.stateSaved(fields)
  }
}

extension BitFit: MethodSection {
  /// Ben Zaken et al. 2022 searched up to it.
  var usualLearningRate: Double { 1e-3 }

  mutating func state(_ fields: Fields) {
    fields.field("biases", &biases, .biases, "Which biases learn: all, or those of modules by their names' ends.")
    modules.stateSaved(fields)
  }
}

extension HeadTraining: MethodSection {
  var usualLearningRate: Double { 1e-3 }

  mutating func state(_ fields: Fields) { modules.stateSaved(fields) }
}

extension FieldKind<BitFit.Biases> {
  fileprivate static var biases: Self {
    let names = FieldKind<[String]>.list(of: .text, least: 1), words = "\"all\" or a list of module names"
    return Self(
      words, schema: Schema.either(Schema.names(["all"]), names.schema),
      read: { json, place in
        switch json {
        case "all": return .all
        case .array: return names.read(json, place).map { .of($0) }
        default:
          place.wrong(json, expected: words)
          return nil
        }
      }, write: \.json)
  }
}
