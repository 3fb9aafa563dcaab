/// The supported model families. All have BERT's architecture (Devlin et al. 2019), with different weight names.

/// As `model_type` in config.json.
public enum Family: String, CaseIterable, Sendable {
  case bert
  /// Without token types, pooler, and dropout after attention's output projection (Sanh et al. 2019).
  case distilbert

  /// The names of weights in this family's checkpoints.
  public var names: WeightNames {
    switch self {
    case .bert:
      WeightNames(
        baseModelPrefix: "bert", blocks: "bert.encoder.layer",
        query: "attention.self.query", key: "attention.self.key", value: "attention.self.value",
        attentionOutput: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
        intermediate: "intermediate.dense", output: "output.dense", outputNorm: "output.LayerNorm",
        pooler: "bert.pooler.dense",
        mlmDense: "cls.predictions.transform.dense", mlmNorm: "cls.predictions.transform.LayerNorm",
        mlmBias: "cls.predictions.bias",
        ignoredPrefixes: ["cls.", "bert.pooler.", "pooler.", "classifier.", "qa_outputs."],
        defaultTargets: ["query", "value"])
    case .distilbert:
      WeightNames(
        baseModelPrefix: "distilbert", blocks: "distilbert.transformer.layer",
        query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin",
        attentionOutput: "attention.out_lin", attentionNorm: "sa_layer_norm",
        intermediate: "ffn.lin1", output: "ffn.lin2", outputNorm: "output_layer_norm",
        pooler: "pre_classifier",
        mlmDense: "vocab_transform", mlmNorm: "vocab_layer_norm", mlmBias: "vocab_projector.bias",
        ignoredPrefixes: [
          "vocab_transform.", "vocab_layer_norm.", "vocab_projector.", "pre_classifier.", "classifier.", "qa_outputs.",
        ],
        defaultTargets: ["q_lin", "v_lin"])
    }
  }

  /// Whether the embeddings include token type embeddings.
  public var hasTokenTypes: Bool { self == .bert }
  /// Whether dropout is applied to attention's output before the residual is added.
  var hasAttentionOutputDropout: Bool { self == .bert }
  /// Whether the layer between [CLS] and the sequence classifier uses tanh; else ReLU.
  var usesTanhPooler: Bool { self == .bert }
  /// transformers' class for a model with this head.
  public func architecture(_ headType: HeadType) -> String {
    (self == .bert ? "Bert" : "DistilBert") + headType.classSuffix
  }
}

/// The names of a family's modules on the Hub. Names of a block's modules follow `<blocks>.<index>.`; the others are
/// full names.
public struct WeightNames: Sendable {
  public let baseModelPrefix: String
  let blocks: String
  let query, key, value, attentionOutput, attentionNorm, intermediate, output, outputNorm: String
  /// The layer between [CLS] and the sequence classifier.
  let pooler: String
  /// The masked-language-modeling head: its dense layer, its norm, and the decoder's bias.
  public let mlmDense, mlmNorm, mlmBias: String
  /// Prefixes of head weights that a model without this head ignores.
  let ignoredPrefixes: [String]
  /// The default `target_modules`: query and value (Hu et al. 2021, §7.1).
  public let defaultTargets: [String]

  /// A block's modules, in the same order in every family.
  private var parts: [String] {
    [query, key, value, attentionOutput, attentionNorm, intermediate, output, outputNorm]
  }
  private var heads: [String] { [mlmDense, mlmNorm, mlmBias] }

  /// Translates a weight's name to the family of `other`; `block` maps the block's index.
  func translate(_ name: String, to other: WeightNames, block: (Int) -> Int = { $0 }) -> String {
    if let (index, part) = locate(name) {
      return "\(other.blocks).\(block(index)).\(Self.replacePrefix(of: part, parts, by: other.parts))"
    }
    return Self.replacePrefix(of: name, heads + [baseModelPrefix], by: other.heads + [other.baseModelPrefix])
  }

  /// A weight's block and the rest of its name; nil outside the blocks.
  func locate(_ name: String) -> (block: Int, part: String)? {
    guard name.hasPrefix(blocks + ".") else { return nil }
    let rest = name.dropFirst(blocks.count + 1).split(separator: ".", maxSplits: 1)
    guard rest.count == 2, let index = Int(rest[0]) else { return nil }
    return (index, String(rest[1]))
  }

  private static func replacePrefix(of name: String, _ prefixes: [String], by others: [String]) -> String {
    for (prefix, other) in zip(prefixes, others) where name == prefix || name.hasPrefix(prefix + ".") {
      return other + name.dropFirst(prefix.count)
    }
    return name
  }
}
