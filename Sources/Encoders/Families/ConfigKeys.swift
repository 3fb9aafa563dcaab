/// The config.json keys of each family, and the conversion of a config.json from one family to another.
package import Files

/// The config.json keys that differ between transformers' configurations, and the defaults that do.
package struct ConfigKeys: Sendable {
  package let layers, dropout, attentionDropout: String
  let hiddenSize, heads, intermediateSize, activation: String
  /// Dropout before a head. Where the key is nil or has no value, `dropout` applies.
  let tokenDropout, sequenceDropout: String?
  /// Dropout before a head for questions; nil: none.
  var questionDropout: String?
  /// nil: the family has no token types.
  let typeVocabSize: String?
  /// nil: always 1e-12.
  let layerNormEps: String?
  /// Keys that no other family has.
  var others: [String] = []
  private(set) var defaults = Defaults()

  /// Values of keys that are missing.
  struct Defaults: Sendable {
    /// nil: the embeddings have the size of the hidden states, and the family has no key for it.
    var embeddingSize: Int?
    var vocabSize = 30522
    var hiddenSize = 768
    var layers = 12
    var heads = 12
    var intermediateSize = 3072
    var maxPositionEmbeddings = 512
    var layerNormEps = 1e-12
    var dropout = 0.1
    /// nil: the dropout of hidden states.
    var classifierDropout: Double?
    var sequenceDropout: Double?
    var questionDropout = 0.0
    var padTokenID = 0
  }

  func with(_ defaults: Defaults) -> ConfigKeys {
    var copy = self
    copy.defaults = defaults
    return copy
  }

  /// Keys of the same settings, in the same order in every family.
  fileprivate var common: [String] {
    [hiddenSize, layers, heads, intermediateSize, activation, dropout, attentionDropout]
  }

  /// The size of the embeddings, in families that have it.
  var embeddingSize: String? { defaults.embeddingSize == nil ? nil : "embedding_size" }
}

extension Family {
  /// Every config.json key that affects the computation of a model of this family.
  package var configKeys: [String] {
    keys.common + ["vocab_size", "max_position_embeddings", "initializer_range"]
      + Set(
        [
          keys.tokenDropout, keys.sequenceDropout, keys.questionDropout, keys.typeVocabSize, keys.layerNormEps,
          keys.embeddingSize,
        ].compactMap(
          \.self)
      ).sorted() + keys.others
  }

  /// The family of a config.json by its `model_type`: BERT if it is missing, nil if it is unknown.
  package init?(config json: JSON) {
    switch json["model_type"] {
    case nil, .null: self = .bert
    case let type?: self.init(rawValue: type.string ?? "")
    }
  }

  /// Converts a config.json of the family `other` to this family. Keys without a counterpart are left out.
  package func convertedConfig(_ json: JSON, from other: Family) -> JSON {
    if other == self { return json }
    let shared = ["vocab_size", "max_position_embeddings", "initializer_range", "pad_token_id", "id2label", "label2id"]
    var object: [String: JSON] = ["model_type": .string(rawValue)]
    for (ours, theirs) in zip(keys.common + shared, other.keys.common + shared) { object[ours] = json[theirs] }
    // The families' defaults differ, so missing sizes and ids are written out.
    for (ours, theirs) in zip(keys.defaultSizes, other.keys.defaultSizes)
    where object[ours.key] == nil && ours.size != theirs.size { object[ours.key] = .int(theirs.size) }
    return .object(object)
  }
}

extension ConfigKeys {
  /// In the same order in every family.
  fileprivate var defaultSizes: [(key: String, size: Int)] {
    [
      ("vocab_size", defaults.vocabSize), ("max_position_embeddings", defaults.maxPositionEmbeddings),
      ("pad_token_id", defaults.padTokenID),
      (hiddenSize, defaults.hiddenSize), (layers, defaults.layers), (heads, defaults.heads),
      (intermediateSize, defaults.intermediateSize),
    ]
  }
}
