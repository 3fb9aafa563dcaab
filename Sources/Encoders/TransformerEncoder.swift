/// An encoder: embeddings and blocks. Which ones is up to the family's architecture.
import Autograd
import Kernels

/// A transformer block: [n, d] → [n, d]
protocol EncoderBlock: Sendable {
  /// The block's path as on the Hub: `bert.encoder.layer.0`.
  var name: String { get }
  var joinedProjections: [JoinedProjection] { get }
  var norms: [LayerNorm] { get }

  /// - Parameter capture: receives queries, keys and values, side by side.
  func callAsFunction(
    _ x: Tensor, _ input: EncoderInput, precision: Precision, _ pass: Pass, capture: (Tensor) -> Void
  ) -> Tensor
}

/// Token ids → hidden states [n, d].
package struct TransformerEncoder: Sendable {
  private(set) var embeddings: Embeddings
  let blocks: [any EncoderBlock]
  /// After the last block; nil: the family has none.
  let finalNorm: LayerNorm?
  /// Of the embeddings.
  let dropout: Double

  init(_ root: Scope, _ config: ModelConfig) throws {
    let names = config.family.names
    embeddings = try Embeddings(root[names.baseModelPrefix], config)
    let scopes = (0..<config.numHiddenLayers).map { root[names.blocks]["\($0)"] }
    blocks = try scopes.enumerated().map { index, scope in
      if let rotary = config.rotary { return try PreNormBlock(scope, config, rotary, index: index) }
      return try PostNormBlock(scope, config, index: index)
    }
    finalNorm = try names.finalNorm.map { try LayerNorm(root[$0], size: config.hiddenSize, config) }
    dropout = config.embeddingDropout ?? config.dropout
  }

  /// Whether the two differ in their word embeddings at most.
  func hasBlocks(of other: TransformerEncoder) -> Bool {
    let (own, others) = (blocks.first?.joinedProjections[0], other.blocks.first?.joinedProjections[0])
    return own === others
  }

  /// This encoder with other word embeddings, which may have more rows.
  func with(wordEmbeddings: Parameter) -> TransformerEncoder {
    var copy = self
    copy.embeddings.wordEmbeddings = wordEmbeddings
    return copy
  }

  /// The last hidden states.
  /// - Parameters:
  ///   - embedded: in place of the output of the embeddings; nil: that.
  ///   - precision: of GEMM operands and word embeddings.
  ///   - gradientCheckpointing: a block saves only its input for backward. Not the last block, whose backward comes
  ///     first, and not a block of which `trace` captures the input or the queries, keys and values.
  ///   - cache: hidden states below its first block are computed for sequences that it does not contain, and read from
  ///     it for the others.
  ///   - trace: captures the rows of the original batch only, not of virtual tokens.
  ///   - keep: receives every hidden state, of the embeddings and of each block, in order; nil: none.
  func callAsFunction(
    _ input: EncoderInput, embedded: Tensor? = nil, precision: Precision, gradientCheckpointing: Bool,
    cache: HiddenStateCache?, trace: Trace?, _ pass: Pass, keep: ((Tensor) -> Void)? = nil
  ) -> Tensor {
    func withoutVirtualTokens(_ x: Tensor) -> Tensor { input.rows.map { gather(x, rows: $0, pass) } ?? x }
    let first = cache?.firstUncachedBlock ?? 0
    precondition(cache == nil || !input.hasVirtualTokens, "the hidden-state cache cannot be used with virtual tokens")
    precondition(cache?.fits(input.adapters) ?? true, "the hidden-state cache was made for other adapters")
    precondition(
      trace.map { !$0.captures(below: first) } ?? true,
      "the trace captures hidden states below block \(first), which are cached and not computed")
    let cached = cache.map { cache in
      cache.hiddenStates(of: input.batch, pass) {
        hiddenStates($0, input.adapters, afterBlocks: first, all: cache.hasAllStates, precision: precision, $1)
      }
    }
    if let keep { cached?.dropLast().forEach(keep) }
    var x = cached?.last ?? embedded ?? embeddings(input, dropout: dropout, precision: precision, pass)
    for (index, block) in blocks.enumerated().dropFirst(first) {
      keep?(x)
      trace?.capture(withoutVirtualTokens(x), state: index)
      let isLast = index == blocks.count - 1
      if gradientCheckpointing && !isLast && trace?.captures(block: index + 1) != true {
        x = pass.checkpointed(x) { x, pass in block(x, input, precision: precision, pass) { _ in } }
      } else {
        x = block(x, input, precision: precision, pass) {
          trace?.capture(withoutVirtualTokens($0), queryKeyValueOf: index + 1)
        }
      }
    }
    if let finalNorm { x = finalNorm(x, residual: nil, dropout: 0, input.adapters, pass) }
    keep?(x)
    trace?.capture(withoutVirtualTokens(x), state: blocks.count)
    return x
  }

  /// The hidden states after the first `count` blocks, or those of the embeddings and of every block below too.
  func hiddenStates(
    _ batch: Batch, _ adapters: RowAdapters, afterBlocks count: Int, all: Bool = false, precision: Precision,
    _ pass: Pass
  ) -> [Tensor] {
    let input = EncoderInput(batch, adapters, pass)
    var states = [embeddings(input, dropout: dropout, precision: precision, pass)]
    for block in blocks.prefix(count) {
      let x = block(states[states.count - 1], input, precision: precision, pass) { _ in }
      if all { states.append(x) } else { states = [x] }
    }
    return states
  }

  var joinedProjections: [JoinedProjection] { embeddings.joinedProjections + blocks.flatMap(\.joinedProjections) }
  var norms: [LayerNorm] { [embeddings.norm] + blocks.flatMap(\.norms) + (finalNorm.map { [$0] } ?? []) }

  /// The blocks' paths as on the Hub: `bert.encoder.layer.0`, …
  package var blockNames: [String] { blocks.map(\.name) }

  /// The weights outside of projections, in the checkpoint's order.
  var embeddingAndNormParameters: [Parameter] { embeddings.tables + norms.flatMap(\.parameters) }
}
