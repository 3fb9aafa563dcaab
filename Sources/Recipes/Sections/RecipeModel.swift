package import Encoders
/// The recipe's section "model". Does not load a model.
package import Files

extension Recipe {
  /// The base model, or a new model with random weights.
  package struct Model: Sendable, Equatable {
    /// The initial weights.
    package enum Init: String, CaseIterable, Sendable { case checkpoint, random }

    /// A choice of a checkpoint's layers.
    package enum Layers: Sendable, Equatable {
      case list([Int])
      /// Every second layer, from the first.
      case alternate
    }

    /// A folder in the Hub's layout; nil only with random weights, `config` and `tokenizer`.
    package var path: String?
    package var initialization = Init.checkpoint
    /// Layer i of the model is the folder's layer `layers[i]`; nil: all layers.
    package var layers: Layers?
    /// Settings that override config.json.
    package var config: [String: JSON]?
    /// A folder with another tokenizer than that in `path`.
    package var tokenizer: String?
    /// Overrides the tokenizer files' `do_lower_case`.
    package var lowercase: Bool?
    /// Overrides the tokenizer files' `add_prefix_space`.
    package var addPrefixSpace: Bool?
    /// Tokens to add to the tokenizer's; nil: none.
    package var newTokens: [String]?
    /// nil: the folder's family.
    package var family: Family?
    /// Overrides config.json's `hidden_dropout_prob`.
    package var dropout: Double?
    /// Overrides config.json's `attention_probs_dropout_prob`.
    package var attentionDropout: Double?

    /// The folders that the model is read from.
    package var folders: [String] { [path, tokenizer].compactMap(\.self) }

    mutating func declare(_ fields: Fields) {
      fields.field("init", &initialization, .choice, "Initial weights: those of the folder, or random ones.")
      fields.optional(
        "config", &config, .object,
        "Settings that override config.json. Sizes can be changed only with init \"random\".")
      fields.optional(
        "tokenizer", &tokenizer, .folder(holding: "tokenizer.json", "vocab.txt", "vocab.json"),
        "Folder with another tokenizer than the model's.")
      fields.optional(
        "lowercase", &lowercase, .bool, "Whether the tokenizer lower-cases text; overrides do_lower_case of its files.")
      fields.optional(
        "add_prefix_space", &addPrefixSpace, .bool,
        "Whether a byte-level BPE tokenizer puts a space before texts and words; overrides its files.")
      fields.optional(
        "new_tokens", &newTokens, .list(of: .string, minCount: 1),
        "Tokens to add to the tokenizer's, whose embeddings are trained with every method.")
      if let newTokens {
        fields.check(
          Set(newTokens).count == newTokens.count && newTokens.allSatisfy { !$0.allSatisfy(\.isWhitespace) },
          "new_tokens", expected: "distinct tokens that are not blank")
      }
      fields.required(
        "path", &path, .model,
        unless: initialization == .random && config != nil && tokenizer != nil,
        "Base model: a folder in the Hub's layout, or the name of a downloaded model on the Hub.")
      fields.optional(
        "layers", &layers, .layers, "Layers to take from the folder, counted from 0; \"alternate\": every second one.")
      fields.check(
        layers == nil || initialization == .checkpoint, "layers", expected: "no value with model.init \"random\"")
      fields.optional("family", &family, .choice, "Model family, if it differs from the folder's.")
      fields.optional("dropout", &dropout, .number(0..<1), "Hidden dropout; overrides hidden_dropout_prob.")
      fields.optional(
        "attention_dropout", &attentionDropout, .number(0..<1),
        "Attention dropout; overrides attention_probs_dropout_prob.")
    }
  }
}

extension FieldType<Recipe.Model.Layers> {
  /// A list of layer indices, or "alternate".
  fileprivate static var layers: Self {
    let list = FieldType<[Int]>.list(of: .int(0..., maximum: 9999), minCount: 1)
    let expected = "a list of the folder's layers, counted from 0, or \"alternate\""
    return Self(
      expected, schema: Schema.either(Schema.names(["alternate"]), list.schema),
      read: { json, location in
        switch json {
        case "alternate": return .alternate
        case .array(let layers) where !layers.isEmpty: return list.read(json, location).map { .list($0) }
        default:
          location.wrong(json, expected: expected)
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
