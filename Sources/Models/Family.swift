/// The families of encoders: one architecture (Devlin et al. 2019), other names, a few switches. Builds nothing.

public enum Family: String, CaseIterable, Sendable {
  case bert
  /// No token types, no pooler, no dropout behind attention (Sanh et al. 2019).
  case distilbert

  /// What the family calls the parts of the encoder and of its heads.
  public var names: WeightNames {
    switch self {
    case .bert:
      WeightNames(
        encoder: "bert", blocks: "bert.encoder.layer",
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
        encoder: "distilbert", blocks: "distilbert.transformer.layer",
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

  /// Whether tokens have a segment's vector added.
  public var hasTokenTypes: Bool { self == .bert }
  /// Whether dropout stands between attention's output and the residual.
  var hasAttentionOutputDropout: Bool { self == .bert }
  /// Whether the layer between [CLS] and the classifier of sequences is squashed by tanh; else ReLU.
  var usesTanhPooler: Bool { self == .bert }
  /// transformers' class of a model with this head.
  public func architecture(_ kind: HeadType) -> String {
    let family = self == .bert ? "Bert" : "DistilBert"
    return switch kind {
    case .tokenClassification: family + "ForTokenClassification"
    case .sequenceClassification: family + "ForSequenceClassification"
    case .maskedLM: family + "ForMaskedLM"
    }
  }
}

/// The Hub's names of a family. Those of a block's parts follow `<blocks>.<index>.`; the others are whole.
public struct WeightNames: Sendable {
  public let encoder: String
  let blocks: String
  let query, key, value, attentionOutput, attentionNorm, intermediate, output, outputNorm: String
  /// The layer between [CLS] and the classifier of sequences.
  let pooler: String
  /// The head of masked tokens: its own product and norm, and the bias of the decoder.
  public let mlmDense, mlmNorm, mlmBias: String
  /// Beginnings of weights that an encoder without their head leaves alone.
  let ignoredPrefixes: [String]
  /// Query and value: the modules that an adapter changes when it is not told which (Hu et al. 2021, §7.1).
  public let defaultTargets: [String]

  /// The same places in every family, in the same order.
  private var parts: [String] {
    [query, key, value, attentionOutput, attentionNorm, intermediate, output, outputNorm]
  }
  private var heads: [String] { [mlmDense, mlmNorm, mlmBias] }

  /// The name in `other` of a weight that has `name` here; its block is counted as `block` says.
  func translate(_ name: String, to other: WeightNames, block: (Int) -> Int = { $0 }) -> String {
    if let (index, part) = locate(name) {
      return "\(other.blocks).\(block(index)).\(Self.replacePrefix(of: part, parts, by: other.parts))"
    }
    return Self.replacePrefix(of: name, heads + [encoder], by: other.heads + [other.encoder])
  }

  /// The block of a weight and the rest of its name; nil outside of the blocks.
  func locate(_ name: String) -> (block: Int, part: String)? {
    guard name.hasPrefix(blocks + ".") else { return nil }
    let rest = name.dropFirst(blocks.count + 1).split(separator: ".", maxSplits: 1)
    guard rest.count == 2, let index = Int(rest[0]) else { return nil }
    return (index, String(rest[1]))
  }

  private static func replacePrefix(of name: String, _ starts: [String], by others: [String]) -> String {
    for (start, other) in zip(starts, others) where name == start || name.hasPrefix(start + ".") {
      return other + name.dropFirst(start.count)
    }
    return name
  }
}
