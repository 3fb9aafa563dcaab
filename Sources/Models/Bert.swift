/// The BERT encoder: embeddings and blocks (Devlin et al. 2019). `Family` has what differs in DistilBERT.
import Autograd
import Kernels

struct Embeddings: Sendable {
  let wordEmbeddings, positionEmbeddings: Parameter
  /// nil for a family without token types.
  let tokenTypeEmbeddings: Parameter?
  let norm: LayerNorm

  init(_ scope: Scope, _ config: ModelConfig) throws {
    wordEmbeddings = try scope["word_embeddings"].parameter("weight", [config.vocabSize, config.hiddenSize])
    positionEmbeddings = try scope["position_embeddings"].parameter(
      "weight", [config.maxPositionEmbeddings, config.hiddenSize])
    tokenTypeEmbeddings =
      config.family.hasTokenTypes
      ? try scope["token_type_embeddings"].parameter("weight", [config.typeVocabSize, config.hiddenSize]) : nil
    norm = try LayerNorm(scope["LayerNorm"], config)
  }

  func callAsFunction(_ input: EncoderInput, dropout probability: Double, precision: Precision, _ pass: Pass)
    -> Tensor
  {
    let (batch, adapters) = (input.batch, input.adapters)
    var sum = embed(
      wordEmbeddings: adapters[wordEmbeddings], ids: batch.ids, positionEmbeddings: adapters[positionEmbeddings],
      positionIDs: batch.positionIDs, tokenTypeEmbeddings: tokenTypeEmbeddings.map { adapters[$0] },
      tokenTypeIDs: batch.tokenTypeIDs, precision: precision, pass)
    if let embeddings = input.virtualEmbeddings {
      sum = addToSequenceStarts(sum, embeddings, sequenceOffsets: batch.sequenceOffsets, pass)
    }
    return dropout(norm(sum, residual: nil, dropout: 0, adapters, pass), probability, pass)
  }
}

/// x → LayerNorm(x + attention) → LayerNorm(· + feed-forward)        [n, d] → [n, d]
struct Block: Sendable {
  let queryKeyValue, attentionOutput, intermediate, output: JoinedProjection
  let attentionNorm, outputNorm: LayerNorm
  let heads: Int
  let activation: Activation
  /// Dropout probabilities: of the feed-forward's output, of attention's probabilities, of attention's output.
  let dropout, attentionDropout, attentionOutputDropout: Double
  /// Counted from 0.
  let index: Int
  /// The block's path as on the Hub: `bert.encoder.layer.0`.
  let name: String

  init(_ scope: Scope, _ config: ModelConfig, index: Int) throws {
    let names = config.family.names
    queryKeyValue = try scope.joined([names.query, names.key, names.value], config.hiddenSize, config.hiddenSize)
    attentionOutput = JoinedProjection(
      try scope[names.attentionOutput].projection(config.hiddenSize, config.hiddenSize))
    attentionNorm = try LayerNorm(scope[names.attentionNorm], config)
    intermediate = JoinedProjection(
      try scope[names.intermediate].projection(config.hiddenSize, config.intermediateSize))
    output = JoinedProjection(try scope[names.output].projection(config.intermediateSize, config.hiddenSize))
    outputNorm = try LayerNorm(scope[names.outputNorm], config)
    heads = config.numAttentionHeads
    activation = config.activation
    (dropout, attentionDropout) = (config.dropout, config.attentionDropout)
    attentionOutputDropout = config.family.hasAttentionOutputDropout ? config.dropout : 0
    name = scope.path
    self.index = index
  }

  /// - Parameter capture: receives queries, keys and values, side by side.
  func callAsFunction(
    _ x: Tensor, _ input: EncoderInput, precision: Precision, _ pass: Pass, capture: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    let adapters = input.adapters
    let qkv = queryKeyValue(x, precision: precision, adapters, pass)
    capture(qkv)
    let context =
      input.pastKeyValues?.attend(qkv, block: index, heads: heads, dropout: attentionDropout, pass)
      ?? attention(qkv, sequenceOffsets: input.batch.sequenceOffsets, heads: heads, dropout: attentionDropout, pass)
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
    guard let adapter = adapters.residual(at: BlockSlot(block: index, sublayer)) else {
      return norm(h, residual: x, dropout: probability, adapters, pass)
    }
    return adapter(
      Autograd.dropout(h, probability, pass), residual: x, precision: precision,
      norm: { norm($0, residual: $1, dropout: 0, adapters, pass) }, pass)
  }

  var joinedProjections: [JoinedProjection] { [queryKeyValue, attentionOutput, intermediate, output] }
  var norms: [LayerNorm] { [attentionNorm, outputNorm] }
}

/// Token ids → hidden states [n, d].
public struct BertEncoder: Sendable {
  let embeddings: Embeddings
  let blocks: [Block]
  let dropout: Double

  init(_ root: Scope, _ config: ModelConfig) throws {
    let names = config.family.names
    embeddings = try Embeddings(root[names.baseModelPrefix]["embeddings"], config)
    blocks = try (0..<config.numHiddenLayers).map { try Block(root[names.blocks]["\($0)"], config, index: $0) }
    dropout = config.dropout
  }

  /// The last hidden states.
  /// - Parameters:
  ///   - precision: of GEMM operands and word embeddings.
  ///   - gradientCheckpointing: a block saves only its input for backward. Not the last block, whose backward comes
  ///     first, and not a block of which `trace` captures the input or the queries, keys and values.
  ///   - cache: hidden states below its first block are computed for sequences that it does not contain, and read from
  ///     it for the others.
  ///   - trace: captures the rows of the original batch only, not of virtual tokens.
  func callAsFunction(
    _ input: EncoderInput, precision: Precision, gradientCheckpointing: Bool, cache: HiddenStateCache?, trace: Trace?,
    _ pass: Pass
  ) -> Tensor {
    func withoutVirtualTokens(_ x: Tensor) -> Tensor { input.rows.map { gather(x, rows: $0, pass) } ?? x }
    let first = cache?.firstUncachedBlock ?? 0
    precondition(cache == nil || !input.hasVirtualTokens, "the hidden-state cache cannot be used with virtual tokens")
    precondition(cache?.fits(input.adapters) ?? true, "the hidden-state cache was made for other adapters")
    precondition(
      trace.map { !$0.captures(below: first) } ?? true,
      "the trace captures hidden states below block \(first), which are cached and not computed")
    var x =
      cache?.hiddenStates(of: input.batch, pass) {
        hiddenStates($0, input.adapters, afterBlocks: first, precision: precision, $1)
      }
      ?? embeddings(input, dropout: dropout, precision: precision, pass)
    trace?.capture(withoutVirtualTokens(x), state: first)
    for (index, block) in blocks.enumerated().dropFirst(first) {
      let isLast = index == blocks.count - 1
      if gradientCheckpointing && !isLast && trace?.captures(block: index + 1) != true {
        x = pass.checkpointed(x) { x, pass in block(x, input, precision: precision, pass) }
      } else {
        x = block(x, input, precision: precision, pass) {
          trace?.capture(withoutVirtualTokens($0), queryKeyValueOf: index + 1)
        }
      }
      trace?.capture(withoutVirtualTokens(x), state: index + 1)
    }
    return x
  }

  /// The hidden states after the first `count` blocks.
  func hiddenStates(
    _ batch: Batch, _ adapters: RowAdapters, afterBlocks count: Int, precision: Precision, _ pass: Pass
  ) -> Tensor {
    let input = EncoderInput(batch, adapters, pass)
    let x = embeddings(input, dropout: dropout, precision: precision, pass)
    return blocks.prefix(count).reduce(x) { $1($0, input, precision: precision, pass) }
  }

  var joinedProjections: [JoinedProjection] { blocks.flatMap(\.joinedProjections) }
  var norms: [LayerNorm] { [embeddings.norm] + blocks.flatMap(\.norms) }

  /// The blocks' paths as on the Hub: `bert.encoder.layer.0`, …
  public var blockNames: [String] { blocks.map(\.name) }

  /// The weights outside of projections, in the checkpoint's order.
  var embeddingAndNormParameters: [Parameter] {
    let tables =
      [embeddings.wordEmbeddings, embeddings.positionEmbeddings] + (embeddings.tokenTypeEmbeddings.map { [$0] } ?? [])
    return tables + norms.flatMap { [$0.gain, $0.bias] }
  }
}
