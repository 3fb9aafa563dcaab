/// ModernBERT's block, which normalizes before each sublayer (Warner et al. 2024).
import Autograd
import Kernels

/// z = x + attention(norm(x))     z + feed-forward(norm(z))        [n, d] → [n, d]
struct PreNormBlock: EncoderBlock {
  private let queryKeyValue, attentionOutput, intermediate, output: JoinedProjection
  /// nil in the first block: the embeddings are normalized.
  private let attentionNorm: LayerNorm?
  private let outputNorm: LayerNorm
  private let heads: Int
  private let window: Int?
  private let rotary: RotaryEmbedding
  private let activation: Activation
  /// Dropout probabilities: inside the feed-forward, of attention's probabilities and of its output.
  private let dropout, attentionDropout: Double
  let name: String

  init(_ scope: Scope, _ config: ModelConfig, _ settings: RotaryConfig, index: Int) throws {
    let names = config.family.names, size = config.hiddenSize
    let std = config.initializerRange, outputStd = std / (2 * Double(config.numHiddenLayers)).squareRoot()
    queryKeyValue = JoinedProjection(
      try scope[names.queryKeyValue[0]].projection(size, 3 * size, hasBias: settings.hasAttentionBias))
    attentionOutput = JoinedProjection(
      try scope[names.attentionOutput].projection(size, size, hasBias: settings.hasAttentionBias, std: outputStd))
    intermediate = JoinedProjection(
      try scope[names.intermediate].projection(
        size, 2 * config.intermediateSize, hasBias: settings.hasFeedForwardBias))
    output = JoinedProjection(
      try scope[names.output].projection(
        config.intermediateSize, size, hasBias: settings.hasFeedForwardBias, std: outputStd))
    attentionNorm = index == 0 ? nil : try LayerNorm(scope[names.attentionNorm], size: size, config)
    outputNorm = try LayerNorm(scope[names.outputNorm], size: size, config)
    heads = config.numAttentionHeads
    (rotary, window) = (settings.attention[index].rotary, settings.attention[index].window)
    activation = config.activation
    (dropout, attentionDropout) = (config.dropout, config.attentionDropout)
    name = scope.path
  }

  func callAsFunction(
    _ x: Tensor, _ input: EncoderInput, precision: Precision, _ pass: Pass, capture: (Tensor) -> Void
  ) -> Tensor {
    let adapters = input.adapters
    let normed = attentionNorm?(x, residual: nil, dropout: 0, adapters, pass) ?? x
    let qkv = rotate(
      queryKeyValue(normed, precision: precision, adapters, pass), by: rotary, positionIDs: input.batch.positionIDs,
      pass)
    capture(qkv)
    let context = attention(
      qkv, sequenceOffsets: input.batch.sequenceOffsets, heads: heads, window: window, dropout: attentionDropout,
      precision: precision, pass)
    let (z, y) = outputNorm.ofSum(
      attentionOutput(context, precision: precision, adapters, pass), residual: x, dropout: attentionDropout, adapters,
      pass)
    let hidden = activateGated(
      intermediate(y, precision: precision, adapters, pass), activation, precision: precision, pass)
    let update = output(Autograd.dropout(hidden, dropout, pass), precision: precision, adapters, pass)
    return add(update, to: z, pass)
  }

  var joinedProjections: [JoinedProjection] { [queryKeyValue, attentionOutput, intermediate, output] }
  var norms: [LayerNorm] { (attentionNorm.map { [$0] } ?? []) + [outputNorm] }
}
