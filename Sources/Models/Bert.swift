/// The BERT encoder: embeddings and blocks (Devlin et al. 2019), names and switches as `Family` has them.
public import Autograd
public import Kernels

struct LayerNorm: Sendable {
  let gain, bias: Parameter
  let eps: Float

  init(_ scope: Scope, _ config: ModelConfig) throws {
    gain = try scope.parameter("weight", [config.width], start: .one)
    bias = try scope.parameter("bias", [config.width], start: .zero)
    eps = config.eps
  }

  /// Of a head: from chance where the checkpoint has none, or must not serve.
  init(head scope: Scope, _ config: ModelConfig, reuse: Bool) throws {
    gain = try scope.head("weight", [config.width], start: .one, reuse: reuse)
    bias = try scope.head("bias", [config.width], start: .zero, reuse: reuse)
    eps = config.eps
  }

  func callAsFunction(_ x: Tensor, residual: Tensor?, dropout: Double, _ pass: Pass) -> Tensor {
    addNorm(x, residual: residual, gain: gain, bias: bias, eps: eps, dropout: dropout, pass)
  }
}

struct Embeddings: Sendable {
  let words, positions: Parameter
  /// nil in a family without token types.
  let kinds: Parameter?
  let norm: LayerNorm

  init(_ scope: Scope, _ config: ModelConfig) throws {
    words = try scope["word_embeddings"].parameter("weight", [config.vocabulary, config.width])
    positions = try scope["position_embeddings"].parameter("weight", [config.positions, config.width])
    kinds =
      config.family.hasKinds
      ? try scope["token_type_embeddings"].parameter("weight", [config.kinds, config.width]) : nil
    norm = try LayerNorm(scope["LayerNorm"], config)
  }

  func callAsFunction(_ batch: Batch, dropout probability: Double, precision: Precision, _ pass: Pass) -> Tensor {
    let sum = embed(
      words: words, ids: batch.ids, positions: positions, places: batch.places, types: kinds, kinds: batch.kinds,
      precision: precision, pass)
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

  init(_ scope: Scope, _ config: ModelConfig) throws {
    let names = config.family.names
    queryKeyValue = try scope.joined([names.query, names.key, names.value], config.width, config.width)
    attentionOutput = JoinedProjection(try scope[names.attentionOutput].projection(config.width, config.width))
    attentionNorm = try LayerNorm(scope[names.attentionNorm], config)
    intermediate = JoinedProjection(try scope[names.intermediate].projection(config.width, config.hidden))
    output = JoinedProjection(try scope[names.output].projection(config.hidden, config.width))
    outputNorm = try LayerNorm(scope[names.outputNorm], config)
    heads = config.heads
    activation = config.activation
    (dropout, attentionDropout) = (config.dropout, config.attentionDropout)
    attentionOutputDropout = config.family.dropsAttentionOutput ? config.dropout : 0
  }

  /// - Parameter show: sees queries, keys and values, side by side.
  func callAsFunction(
    _ x: Tensor, starts: [Int], precision: Precision, _ pass: Pass, show: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    let qkv = queryKeyValue(x, precision: precision, pass)
    show(qkv)
    let context = attention(qkv, starts: starts, heads: heads, dropout: attentionDropout, pass)
    let y = attentionNorm(
      attentionOutput(context, precision: precision, pass), residual: x, dropout: attentionOutputDropout, pass)
    let hidden = activate(intermediate(y, precision: precision, pass), activation, precision: precision, pass)
    return outputNorm(output(hidden, precision: precision, pass), residual: y, dropout: dropout, pass)
  }

  var products: [JoinedProjection] { [queryKeyValue, attentionOutput, intermediate, output] }
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
    blocks = try (0..<config.layers).map { try Block(root[names.blocks]["\($0)"], config) }
    dropout = config.dropout
  }

  /// Products and the table of words are read as `precision`. With `recompute` a block keeps only its input, unless it is
  /// the last, whose turn in backward comes at once, or `trace` sees its input or into it. With `frozen`, what is below
  /// its block is computed for sequences that were never seen, and read for the others.
  public func callAsFunction(
    _ batch: Batch, precision: Precision = .fp32, recompute: Bool = false, frozen: FrozenStates? = nil,
    trace: Trace? = nil, _ pass: Pass
  ) -> Tensor {
    let first = frozen?.block ?? 0
    precondition(trace.map { !$0.sees(below: first) } ?? true, "a trace looks at states that are not computed")
    var x =
      frozen?.states(of: batch, pass) { below($0, first, precision: precision, $1) }
      ?? embeddings(batch, dropout: dropout, precision: precision, pass)
    trace?.see(x, state: first)
    for (index, block) in blocks.enumerated().dropFirst(first) {
      let isOpen = index == blocks.count - 1 || trace?.sees(block: index + 1) == true
      if recompute && !isOpen {
        x = pass.recomputed(x) { x, pass in block(x, starts: batch.starts, precision: precision, pass) }
      } else {
        x = block(x, starts: batch.starts, precision: precision, pass) { trace?.see($0, queryKeyValueOf: index + 1) }
      }
      trace?.see(x, state: index + 1)
    }
    return x
  }

  /// The states that enter block `count`, counted from 0; where there is none, the encoder's last.
  func below(_ batch: Batch, _ count: Int, precision: Precision, _ pass: Pass) -> Tensor {
    let x = embeddings(batch, dropout: dropout, precision: precision, pass)
    return blocks.prefix(count).reduce(x) { $1($0, starts: batch.starts, precision: precision, pass) }
  }

  var products: [JoinedProjection] { blocks.flatMap(\.products) }

  /// Weights that belong to no projection, in the checkpoint's order.
  var others: [Parameter] {
    let norms = [embeddings.norm] + blocks.flatMap(\.norms)
    let tables = [embeddings.words, embeddings.positions] + (embeddings.kinds.map { [$0] } ?? [])
    return tables + norms.flatMap { [$0.gain, $0.bias] }
  }
}
