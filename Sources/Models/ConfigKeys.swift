/// What each family calls the settings of its config.json, and a config.json told in another family's words.
public import Files

/// The keys of transformers' BertConfig and DistilBertConfig that this program reads and that differ between them.
public struct ConfigKeys: Sendable {
  public let layers, dropout, attentionDropout: String
  let hiddenSize, heads, intermediateSize, activation: String
  /// Dropout before a head; it is `dropout` where the key is nil or has no value.
  let tokenDropout, sequenceDropout: String?
  /// nil: the family has none.
  let typeVocabSize: String?
  /// nil: 1e-12.
  let layerNormEps: String?
  let defaultLayers: Int

  /// The same settings in every family, in the same order.
  fileprivate var common: [String] {
    [hiddenSize, layers, heads, intermediateSize, activation, dropout, attentionDropout]
  }
}

extension Family {
  public var keys: ConfigKeys {
    switch self {
    case .bert:
      ConfigKeys(
        layers: "num_hidden_layers", dropout: "hidden_dropout_prob", attentionDropout: "attention_probs_dropout_prob",
        hiddenSize: "hidden_size", heads: "num_attention_heads", intermediateSize: "intermediate_size",
        activation: "hidden_act",
        tokenDropout: "classifier_dropout", sequenceDropout: "classifier_dropout", typeVocabSize: "type_vocab_size",
        layerNormEps: "layer_norm_eps", defaultLayers: 12)
    case .distilbert:
      ConfigKeys(
        layers: "n_layers", dropout: "dropout", attentionDropout: "attention_dropout", hiddenSize: "dim",
        heads: "n_heads",
        intermediateSize: "hidden_dim", activation: "activation", tokenDropout: nil,
        sequenceDropout: "seq_classif_dropout",
        typeVocabSize: nil, layerNormEps: nil, defaultLayers: 6)
    }
  }

  /// Every key of config.json that changes what a model of this family computes.
  public var configKeys: [String] {
    keys.common + ["vocab_size", "max_position_embeddings", "initializer_range"]
      + Set([keys.tokenDropout, keys.sequenceDropout, keys.typeVocabSize, keys.layerNormEps].compactMap(\.self))
      .sorted()
  }

  /// The family that a config.json names; BERT where it names none, nil where it is not known.
  public init?(config json: JSON) {
    switch json["model_type"] {
    case nil, .null: self = .bert
    case let type?: self.init(rawValue: type.string ?? "")
    }
  }

  /// The config.json `json` of another family in this family's words. What this family does not know is left out.
  public func convertedConfig(_ json: JSON, from other: Family) -> JSON {
    if other == self { return json }
    let shared = ["vocab_size", "max_position_embeddings", "initializer_range", "pad_token_id", "id2label", "label2id"]
    var object: [String: JSON] = ["model_type": .string(rawValue)]
    for (ours, theirs) in zip(keys.common + shared, other.keys.common + shared) { object[ours] = json[theirs] }
    // Defaults differ: what the other leaves out is said.
    if object[keys.layers] == nil { object[keys.layers] = .int(other.keys.defaultLayers) }
    return .object(object)
  }
}
