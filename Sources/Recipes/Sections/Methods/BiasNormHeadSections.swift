/// "method": {"type": "layer_norm", …}, "bitfit", "head" and "trainable_tokens": methods that train a few weights of the
/// model.
import Adapters
import Files

extension LayerNormTuning: MethodSection {
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) {
    fields.optional(
      "target_modules", &modules.targets, .modules(orAll: false), "LayerNorms to train, by name suffixes.")
    modules.declareExcluded(fields)
    modules.declareModulesToSave(fields)
  }
}

extension BitFit: MethodSection {
  /// The largest value that Ben Zaken et al. 2022 searched.
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) {
    fields.field("biases", &biases, .biases, "Biases to train: all, or those of modules by name suffixes.")
    modules.declareModulesToSave(fields)
  }
}

extension LinearProbe: MethodSection {
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) { modules.declareModulesToSave(fields) }
}

extension TrainableTokensConfig: MethodSection {
  var defaultLearningRate: Double { 1e-3 }

  mutating func declare(_ fields: Fields) { modules.declareModulesToSave(fields) }
}

extension FieldType<BitFit.Biases> {
  fileprivate static var biases: Self {
    let names = FieldType<[String]>.list(of: .string, minCount: 1), expected = "\"all\" or a list of module names"
    return Self(
      expected, schema: Schema.either(Schema.names(["all"]), names.schema),
      read: { json, location in
        switch json {
        case "all": return .all
        case .array: return names.read(json, location).map { .of($0) }
        default:
          location.wrong(json, expected: expected)
          return nil
        }
      }, write: \.json)
  }
}
