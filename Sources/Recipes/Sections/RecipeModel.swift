/// The recipe's section "model". Does not load a model.
public import Files
public import Models

extension Recipe {
  /// The base model, or the model to be.
  public struct Model: Sendable, Equatable {
    /// What the weights are at first.
    public enum Init: String, CaseIterable, Sendable { case checkpoint, random }

    /// Layers of a checkpoint.
    public enum Layers: Sendable, Equatable {
      case list([Int])
      /// Every second, from the first.
      case alternate
    }

    /// A folder in the Hub's layout; nil only for random weights with `config` and `tokenizer`.
    public var path: String?
    public var initialization = Init.checkpoint
    /// Layer i of the model is this layer of the folder's; nil: all of them.
    public var layers: Layers?
    /// Members that replace those of config.json.
    public var config: [String: JSON]?
    /// A folder whose vocabulary is used instead of that in `path`.
    public var tokenizer: String?
    /// nil: the folder's.
    public var family: Family?
    /// Overrides config.json's `hidden_dropout_prob`.
    public var dropout: Double?
    /// Overrides config.json's `attention_probs_dropout_prob`.
    public var attentionDropout: Double?

    /// The folders that the model is read from.
    public var folders: [String] { [path, tokenizer].compactMap(\.self) }

    mutating func declare(_ fields: Fields) {
      fields.field("init", &initialization, .choice, "What the weights are at first: the folder's, or random.")
      fields.optional(
        "config", &config, .object, "Settings instead of config.json's; other sizes only with random weights.")
      fields.optional(
        "tokenizer", &tokenizer, .folder(holding: "tokenizer.json", "vocab.txt"),
        "A folder whose vocabulary is used instead of the model's.")
      fields.required(
        "path", &path, .folder(holding: "config.json"),
        unless: initialization == .random && config != nil && tokenizer != nil,
        "The base model: a folder in the Hub's layout.")
      fields.optional("layers", &layers, .layers, "Layer i of the model is this layer of the folder's.")
      fields.check(
        layers == nil || initialization == .checkpoint, "layers", expected: "none: random weights are no layer's")
      fields.optional("family", &family, .choice, "The model's family, where it is to be another than the folder's.")
      fields.optional("dropout", &dropout, .number(0..<1), "Instead of config.json's hidden_dropout_prob.")
      fields.optional(
        "attention_dropout", &attentionDropout, .number(0..<1), "Instead of config.json's attention_probs_dropout_prob."
      )
    }

    /// An adapter is used over its base as the base's folder has it: what makes another model of it is a fault.
    func checkAsBase(_ fields: Fields, _ method: Method.MethodType) {
      let given: [(String, Bool)] = [
        ("init", initialization == .random), ("layers", layers != nil), ("config", config != nil),
        ("tokenizer", tokenizer != nil),
        ("family", family != nil),
      ]
      for (key, isGiven) in given where isGiven {
        fields.fault(
          "model.\(key)", "found beside method.type \"\(method.rawValue)\"",
          expected: "a base that others have, as its folder has it",
          advice: "Make and save the model with method.type \"full\" first, then adapt what it left.")
      }
    }
  }
}

extension FieldType<Recipe.Model.Layers> {
  /// A list of layers, or "alternate".
  fileprivate static var layers: Self {
    let list = FieldType<[Int]>.list(of: .int(0..., most: 9999), least: 1)
    let words = "a list of the folder's layers, counted from 0, or \"alternate\""
    return Self(
      words, schema: Schema.either(Schema.names(["alternate"]), list.schema),
      read: { json, place in
        switch json {
        case "alternate": return .alternate
        case .array(let layers) where !layers.isEmpty: return list.read(json, place).map { .list($0) }
        default:
          place.wrong(json, expected: words)
          return nil
        }
      },
      write: { layers in
        switch layers {
        case .list(let list): .array(list.map(JSON.int))
        case .alternate: "alternate"
        }
      })
  }
}
