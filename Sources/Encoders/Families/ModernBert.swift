/// ModernBERT (Warner et al. 2024): normalization before the sublayers, rotary positions, local attention in most layers,
/// gated feed-forward layers, and no biases.
import Autograd
import Files

extension Architecture {
  static let modernbert: Architecture = {
    let transform = HeadLayout.Transform(dense: "head.dense", activation: nil, norm: "head.norm")
    return Architecture(
      classPrefix: "ModernBert",
      names: WeightNames(
        baseModelPrefix: "model", blocks: "model.layers", wordEmbeddings: "tok_embeddings", embeddingNorm: "norm",
        queryKeyValue: ["attn.Wqkv"], attentionOutput: "attn.Wo", attentionNorm: "attn_norm",
        intermediate: "mlp.Wi", output: "mlp.Wo", outputNorm: "mlp_norm", finalNorm: "model.final_norm",
        ignoredPrefixes: ["head.", "decoder.", "classifier."]),
      keys: ConfigKeys(
        layers: "num_hidden_layers", dropout: "mlp_dropout", attentionDropout: "attention_dropout",
        hiddenSize: "hidden_size", heads: "num_attention_heads", intermediateSize: "intermediate_size",
        activation: "hidden_activation", tokenDropout: "classifier_dropout", sequenceDropout: "classifier_dropout",
        questionDropout: "classifier_dropout",
        typeVocabSize: nil, layerNormEps: "norm_eps",
        others: [
          "embedding_dropout", "layer_types", "local_attention", "rope_parameters", "global_attn_every_n_layers",
          "global_rope_theta", "local_rope_theta", "attention_bias", "mlp_bias", "norm_bias", "classifier_bias",
          "decoder_bias", "classifier_pooling", "classifier_activation",
        ],
        defaults: .init(
          vocabSize: 50368, layers: 22, intermediateSize: 1152, maxPositionEmbeddings: 8192, layerNormEps: 1e-5,
          dropout: 0, classifierDropout: 0, padTokenID: 50283)),
      heads: HeadLayouts(
        token: HeadLayout(transform: transform, output: "classifier"),
        sequence: HeadLayout(transform: transform, output: "classifier"),
        maskedLM: HeadLayout(transform: transform, output: "decoder"),
        question: HeadLayout(transform: transform, output: "classifier")),
      adapters: AdapterDefaults(
        targets: ["Wqkv"], ia3: (["Wqkv", "mlp.Wo"], ["mlp.Wo"]), bottleneck: nil, supportsPrefix: false),
      positions: .rotary)
  }()
}

/// The settings that only ModernBERT's config.json has.
struct RotaryConfig: Sendable {
  /// The attention of each layer.
  let attention: [LayerAttention]
  let hasAttentionBias, hasFeedForwardBias, hasNormBias, hasHeadBias, hasDecoderBias: Bool
  let embeddingDropout: Double
  let headActivation: Activation
  /// Whether a text is classified from the mean of its tokens' hidden states; else from those of [CLS].
  let poolsMean: Bool

  struct LayerAttention: Sendable {
    /// Shared by the layers with the same base of the rotary frequencies.
    let rotary: RotaryEmbedding
    /// The largest distance between tokens that attend to each other; nil: all do.
    let window: Int?
  }
}

extension ModelConfig {
  /// transformers' `layer_types`; nil: the family has none.
  package var layerTypes: [String]? {
    rotary?.attention.map { $0.window == nil ? "full_attention" : "sliding_attention" }
  }
}

extension RotaryConfig {
  init(_ reader: inout ConfigReader, layers: Int, headSize: Int) {
    if headSize < 2 || headSize % 2 > 0 {
      reader.problems.append(
        "a head has \(headSize) of the hidden states' numbers; rotary positions need an even number.")
    }
    let evenSize = max(2, headSize / 2 * 2)
    func rotary(_ type: String, older: String, _ theta: Double) -> RotaryEmbedding {
      RotaryEmbedding(theta: Self.theta(&reader, type, older: older, theta), headSize: evenSize)
    }
    let global = LayerAttention(
      rotary: rotary("full_attention", older: "global_rope_theta", 160_000), window: nil)
    let local = LayerAttention(
      rotary: rotary("sliding_attention", older: "local_rope_theta", 10_000),
      window: reader.size("local_attention", 128, maximum: 1 << 20) / 2)
    attention = Self.globalLayers(&reader, layers: layers).map { $0 ? global : local }
    hasAttentionBias = reader.flag("attention_bias", false)
    hasFeedForwardBias = reader.flag("mlp_bias", false)
    hasNormBias = reader.flag("norm_bias", false)
    hasHeadBias = reader.flag("classifier_bias", false)
    hasDecoderBias = reader.flag("decoder_bias", true)
    embeddingDropout = reader.number("embedding_dropout", 0, in: 0...0.999)
    headActivation = reader.activation("classifier_activation")
    let pooling = reader.json["classifier_pooling"] ?? "cls"
    poolsMean = pooling == "mean"
    if pooling != "mean" && pooling != "cls" { reader.refuse("classifier_pooling", supported: "\"cls\", \"mean\"") }
    if reader.json["rope_scaling"].map({ $0 != .null }) ?? false { reader.refuse("rope_scaling", supported: "null") }
  }

  private static func globalLayers(_ reader: inout ConfigReader, layers: Int) -> [Bool] {
    guard let types = reader.json["layer_types"], types != .null else {
      let every = reader.size("global_attn_every_n_layers", 3, maximum: 1024)
      return (0..<layers).map { $0 % every == 0 }
    }
    let names = types.array?.compactMap(\.string) ?? []
    if names.count != layers || names.contains(where: { !["full_attention", "sliding_attention"].contains($0) }) {
      reader.refuse(
        "layer_types", supported: "\"full_attention\" or \"sliding_attention\" for each of \(layers) layers")
      return Array(repeating: true, count: layers)
    }
    return names.map { $0 == "full_attention" }
  }

  private static func theta(
    _ reader: inout ConfigReader, _ type: String, older: String, _ defaultValue: Double
  ) -> Double {
    let parameters = reader.json["rope_parameters"]?[type]
    if let kind = parameters?["rope_type"], kind != "default" {
      reader.refuse("rope_parameters.\(type).rope_type", supported: "\"default\"")
    }
    guard let theta = parameters?["rope_theta"] else { return reader.number(older, defaultValue, in: 1...1e12) }
    if let theta = theta.number, (1...1e12).contains(theta) { return theta }
    reader.refuse("rope_parameters.\(type).rope_theta", supported: "numbers from 1 to 1e12")
    return defaultValue
  }
}
