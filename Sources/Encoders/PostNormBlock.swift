/// BERT's block, which normalizes after each residual connection (Devlin et al. 2019).
import Autograd
import Kernels

/// x → LayerNorm(x + attention) → LayerNorm(· + feed-forward)        [n, d] → [n, d]
struct PostNormBlock: EncoderBlock {
  let queryKeyValue, attentionOutput, intermediate, output: JoinedProjection
  let attentionNorm, outputNorm: LayerNorm
  let heads: Int
  let activation: Activation
  /// Dropout probabilities: of the feed-forward's output, of attention's probabilities, of attention's output.
  let dropout, attentionDropout, attentionOutputDropout: Double
  /// Counted from 0.
  private let index: Int
  let name: String

  init(_ scope: Scope, _ config: ModelConfig, index: Int) throws {
    let names = config.family.names
    queryKeyValue = try scope.joined(names.queryKeyValue, config.hiddenSize, config.hiddenSize)
    attentionOutput = JoinedProjection(
      try scope[names.attentionOutput].projection(config.hiddenSize, config.hiddenSize))
    attentionNorm = try LayerNorm(scope[names.attentionNorm], size: config.hiddenSize, config)
    intermediate = JoinedProjection(
      try scope[names.intermediate].projection(config.hiddenSize, config.intermediateSize))
    output = JoinedProjection(try scope[names.output].projection(config.intermediateSize, config.hiddenSize))
    outputNorm = try LayerNorm(scope[names.outputNorm], size: config.hiddenSize, config)
    heads = config.numAttentionHeads
    activation = config.activation
    (dropout, attentionDropout) = (config.dropout, config.attentionDropout)
    attentionOutputDropout = config.family.architecture.hasAttentionOutputDropout ? config.dropout : 0
    name = scope.path
    self.index = index
  }

  func callAsFunction(
    _ x: Tensor, _ input: EncoderInput, precision: Precision, _ pass: Pass, capture: (Tensor) -> Void
  ) -> Tensor {
    let adapters = input.adapters
    let qkv = queryKeyValue(x, precision: precision, adapters, pass)
    capture(qkv)
    let context = input.attend(
      qkv, block: index, heads: heads, dropout: attentionDropout, precision: precision, pass)
    let attentionResult = attentionOutput(context, precision: precision, adapters, pass)
    let y = addAndNorm(
      attentionResult, x, attentionNorm, attentionOutputDropout, .attentionOutput, adapters, precision, pass)
    let hidden = activate(intermediate(y, precision: precision, adapters, pass), activation, precision: precision, pass)
    return addAndNorm(
      output(hidden, precision: precision, adapters, pass), y, outputNorm, dropout, .output, adapters, precision, pass)
  }

  /// norm(dropout(h) + x), or the adapter's replacement for it.
  private func addAndNorm(
    _ h: Tensor, _ x: Tensor, _ norm: LayerNorm, _ probability: Double, _ sublayer: BlockSlot.Sublayer,
    _ adapters: RowAdapters, _ precision: Precision, _ pass: Pass
  ) -> Tensor {
    let slot = BlockSlot(block: index, sublayer)
    return adapters.compute(
      h.rows, changes: { $0.set.residual(at: slot) != nil || norm.isReplaced(by: $0.set) }, pass
    ) { rows, adapters in
      let (h, x) = (slice(h, rows: rows, pass), slice(x, rows: rows, pass))
      guard let adapter = adapters.residual(at: slot) else {
        return norm(h, residual: x, dropout: probability, adapters, pass)
      }
      return adapter(
        Autograd.dropout(h, probability, pass), residual: x, precision: precision,
        norm: { norm($0, residual: $1, dropout: 0, adapters, pass) }, pass)
    }
  }

  var joinedProjections: [JoinedProjection] { [queryKeyValue, attentionOutput, intermediate, output] }
  var norms: [LayerNorm] { [attentionNorm, outputNorm] }
}
