/// "method" of types "layer_norm", "bitfit" and "head": weights of the model itself learn, but few.
import Adapters
import Files

extension LayerNormTuning: MethodSection {
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) {
    fields.optional(
      "target_modules", &modules.targets, .modules(orAll: false), "Which LayerNorms learn, by their names' ends.")
    modules.declareExcluded(fields)
    modules.declareSaved(fields)
  }
}

extension BitFit: MethodSection {
  /// Ben Zaken et al. 2022 searched up to it.
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) {
    fields.field("biases", &biases, .biases, "Which biases learn: all, or those of modules by their names' ends.")
    modules.declareSaved(fields)
  }
}

extension LinearProbe: MethodSection {
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) { modules.declareSaved(fields) }
}

extension FieldType<BitFit.Biases> {
  fileprivate static var biases: Self {
    let names = FieldType<[String]>.list(of: .text, least: 1), words = "\"all\" or a list of module names"
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
