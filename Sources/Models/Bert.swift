/// The BERT encoder: embeddings and blocks (Devlin et al. 2019), names and switches as `Family` has them.
public import Autograd
import Kernels

struct Embeddings: Sendable {
  let wordEmbeddings, positionEmbeddings: Parameter
  /// nil in a family without token types.
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

  func callAsFunction(_ reading: EncoderInput, dropout probability: Double, precision: Precision, _ pass: Pass)
    -> Tensor
  {
    let batch = reading.batch
    var sum = embed(
      wordEmbeddings: wordEmbeddings, ids: batch.ids, positionEmbeddings: positionEmbeddings,
      positionIDs: batch.positionIDs, tokenTypeEmbeddings: tokenTypeEmbeddings, tokenTypeIDs: batch.tokenTypeIDs,
      precision: precision, pass)
    if let tokens = reading.tokens {
      sum = addToSequenceStarts(sum, tokens, sequenceOffsets: batch.sequenceOffsets, pass)
    }
    return dropout(norm(sum, residual: nil, dropout: 0, pass), probability, pass)
  }
}

/// x → LayerNorm(x + attention) → LayerNorm(· + feed-forward)        [n, d] → [n, d]
struct Block: Sendable {
  let queryKeyValue, attentionOutput, intermediate, output: JoinedProjection
  let attentionNorm, outputNorm: LayerNorm
  let heads: Int
  let activation: Activation
  /// Of the feed-forward's output, of attention's probabilities, of attention's output.
  let dropout, attentionDropout, attentionOutputDropout: Double
  /// Counted from 0.
  let index: Int
  let adapterSlots: BlockAdapterSlots

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
    adapterSlots = BlockAdapterSlots(scope.path)
    self.index = index
  }

  /// - Parameter show: sees queries, keys and values, side by side.
  func callAsFunction(
    _ x: Tensor, _ reading: EncoderInput, precision: Precision, _ pass: Pass, show: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    let qkv = queryKeyValue(x, precision: precision, pass)
    show(qkv)
    let context =
      reading.pastKeyValues?.attend(qkv, block: index, heads: heads, dropout: attentionDropout, pass)
      ?? attention(qkv, sequenceOffsets: reading.batch.sequenceOffsets, heads: heads, dropout: attentionDropout, pass)
    let attended = attentionOutput(context, precision: precision, pass)
    let y = addAndNorm(
      attended, x, attentionNorm, attentionOutputDropout, adapterSlots.attentionOutput, precision, pass)
    let hidden = activate(intermediate(y, precision: precision, pass), activation, precision: precision, pass)
    return addAndNorm(
      output(hidden, precision: precision, pass), y, outputNorm, dropout, adapterSlots.output, precision, pass)
  }

  /// norm(dropout(h) + x), or what the adapter makes of it.
  private func addAndNorm(
    _ h: Tensor, _ x: Tensor, _ norm: LayerNorm, _ probability: Double, _ adapter: (any ResidualAdapter)?,
    _ precision: Precision, _ pass: Pass
  ) -> Tensor {
    guard let adapter else { return norm(h, residual: x, dropout: probability, pass) }
    return adapter(
      Autograd.dropout(h, probability, pass), residual: x, precision: precision,
      norm: { norm($0, residual: $1, dropout: 0, pass) }, pass)
  }

  var linears: [JoinedProjection] { [queryKeyValue, attentionOutput, intermediate, output] }
  var norms: [LayerNorm] { [attentionNorm, outputNorm] }
}

/// Token ids → hidden states [n, d].
public struct BertEncoder: Sendable {
  let embeddings: Embeddings
  let blocks: [Block]
  let dropout: Double

  init(_ root: Scope, _ config: ModelConfig) throws {
    let names = config.family.names
    embeddings = try Embeddings(root[names.encoder]["embeddings"], config)
    blocks = try (0..<config.numHiddenLayers).map { try Block(root[names.blocks]["\($0)"], config, index: $0) }
    dropout = config.dropout
  }

  /// The last states of a batch that nothing stands before.
  public func callAsFunction(_ batch: Batch, _ pass: Pass) -> Tensor {
    self(
      EncoderInput(batch, virtualTokens: nil, pass), precision: .fp32, recompute: false, frozen: nil, trace: nil, pass)
  }

  /// Products and the table of words are read as `precision`. With `recompute` a block keeps only its input, unless it is
  /// the last, whose turn in backward comes at once, or `trace` sees its input or into it. With `frozen`, what is below
  /// its block is computed for sequences that were never seen, and read for the others.
  /// `trace` sees the rows of `reading` only.
  func callAsFunction(
    _ reading: EncoderInput, precision: Precision, recompute: Bool, frozen: HiddenStateCache?, trace: Trace?,
    _ pass: Pass
  ) -> Tensor {
    func own(_ x: Tensor) -> Tensor { reading.rows.map { gather(x, rows: $0, pass) } ?? x }
    let first = frozen?.block ?? 0
    precondition(frozen == nil || !reading.hasVirtualTokens, "what stands before a sequence changes its states")
    precondition(trace.map { !$0.captures(below: first) } ?? true, "a trace looks at states that are not computed")
    var x =
      frozen?.states(of: reading.batch, pass) { hiddenStates($0, afterBlocks: first, precision: precision, $1) }
      ?? embeddings(reading, dropout: dropout, precision: precision, pass)
    trace?.capture(own(x), state: first)
    for (index, block) in blocks.enumerated().dropFirst(first) {
      let isOpen = index == blocks.count - 1 || trace?.captures(block: index + 1) == true
      if recompute && !isOpen {
        x = pass.checkpointed(x) { x, pass in block(x, reading, precision: precision, pass) }
      } else {
        x = block(x, reading, precision: precision, pass) { trace?.capture(own($0), queryKeyValueOf: index + 1) }
      }
      trace?.capture(own(x), state: index + 1)
    }
    return x
  }

  /// The states that enter block `count`, counted from 0; where there is none, the encoder's last.
  func hiddenStates(_ batch: Batch, afterBlocks count: Int, precision: Precision, _ pass: Pass) -> Tensor {
    let reading = EncoderInput(batch, virtualTokens: nil, pass)
    let x = embeddings(reading, dropout: dropout, precision: precision, pass)
    return blocks.prefix(count).reduce(x) { $1($0, reading, precision: precision, pass) }
  }

  var linears: [JoinedProjection] { blocks.flatMap(\.linears) }
  var norms: [LayerNorm] { [embeddings.norm] + blocks.flatMap(\.norms) }

  /// Where adapters may sit, block by block.
  public var adapterSlots: [BlockAdapterSlots] { blocks.map(\.adapterSlots) }

  /// Weights that belong to no projection, in the checkpoint's order.
  var embeddingAndNormParameters: [Parameter] {
    let tables =
      [embeddings.wordEmbeddings, embeddings.positionEmbeddings] + (embeddings.tokenTypeEmbeddings.map { [$0] } ?? [])
    return tables + norms.flatMap { [$0.gain, $0.bias] }
  }
}
