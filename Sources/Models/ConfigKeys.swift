/// The config.json keys of each family, and the conversion of a config.json from one family to another.
public import Files

/// The config.json keys that differ between transformers' BertConfig and DistilBertConfig.
public struct ConfigKeys: Sendable {
  public let layers, dropout, attentionDropout: String
  let hiddenSize, heads, intermediateSize, activation: String
  /// Dropout before a head. Where the key is nil or has no value, `dropout` applies.
  let tokenDropout, sequenceDropout: String?
  /// nil: the family has no token types.
  let typeVocabSize: String?
  /// nil: always 1e-12.
  let layerNormEps: String?
  let defaultLayers: Int

  /// Keys of the same settings, in the same order in every family.
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

  /// Every config.json key that affects the computation of a model of this family.
  public var configKeys: [String] {
    keys.common + ["vocab_size", "max_position_embeddings", "initializer_range"]
      + Set([keys.tokenDropout, keys.sequenceDropout, keys.typeVocabSize, keys.layerNormEps].compactMap(\.self))
      .sorted()
  }

  /// The family of a config.json by its `model_type`: BERT if it is missing, nil if it is unknown.
  public init?(config json: JSON) {
    switch json["model_type"] {
    case nil, .null: self = .bert
    case let type?: self.init(rawValue: type.string ?? "")
    }
  }

  /// Converts a config.json of the family `other` to this family. Keys without a counterpart are left out.
  public func convertedConfig(_ json: JSON, from other: Family) -> JSON {
    if other == self { return json }
    let shared = ["vocab_size", "max_position_embeddings", "initializer_range", "pad_token_id", "id2label", "label2id"]
    var object: [String: JSON] = ["model_type": .string(rawValue)]
    for (ours, theirs) in zip(keys.common + shared, other.keys.common + shared) { object[ours] = json[theirs] }
    // The families' defaults differ, so a missing number of layers is written out.
    if object[keys.layers] == nil { object[keys.layers] = .int(other.keys.defaultLayers) }
    return .object(object)
  }
}
