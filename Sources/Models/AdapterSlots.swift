/// Adapter slots outside the projections: after a block's sublayers, and virtual tokens before every sequence.
/// Does not know any adapter. A pass without adapters computes the same bits as a model without slots.
public import Autograd
public import Kernels

/// An adapter slot of a block, after the output of one of its sublayers.
public struct BlockSlot: Hashable, Sendable {
  public enum Sublayer: Sendable {
    case attentionOutput
    /// The feed-forward's output.
    case output
  }

  /// Index of the block, from 0.
  public let block: Int
  public let sublayer: Sublayer

  public init(block: Int, _ sublayer: Sublayer) { (self.block, self.sublayer) = (block, sublayer) }
}

/// Replaces norm(h + x) at the end of a sublayer.
public protocol ResidualAdapter: AnyObject, Sendable {
  /// - Parameters:
  ///   - h: the sublayer's output after dropout, [n, d]. It must not be overwritten.
  ///   - x: the sublayer's input, [n, d].
  ///   - norm: the block's LayerNorm of a sum.
  func callAsFunction(
    _ h: Tensor, residual x: Tensor, precision: Precision, norm: (_ h: Tensor, _ x: Tensor) -> Tensor, _ pass: Pass
  ) -> Tensor
}

/// Prompt learning: virtual tokens before every sequence. They take the first `count` position ids.
public protocol VirtualTokens: AnyObject, Sendable {
  var count: Int { get }
  /// Embeddings of the virtual tokens, [count, d] (prompt tuning, p-tuning); nil: none.
  func embeddings(_ pass: Pass) -> Tensor?
  /// Past keys and values of all blocks side by side, [count, 2·d·blocks] (prefix tuning); nil: none.
  func keysAndValues(_ pass: Pass) -> Tensor?
}

/// A batch as the encoder reads it, with the virtual tokens, and the adapters of the pass.
struct EncoderInput {
  let batch: Batch
  let adapters: RowAdapters
  /// The rows of the original batch's tokens; nil: all rows.
  private(set) var rows: [Int32]?
  /// Embeddings of the virtual tokens. They are added to the placeholder rows at the start of every sequence, whose id is
  /// -1 and whose word embedding is zero.
  private(set) var virtualEmbeddings: Tensor?
  private(set) var pastKeyValues: PastKeyValues?

  var hasVirtualTokens: Bool { virtualEmbeddings != nil || pastKeyValues != nil }

  init(_ batch: Batch, _ adapters: RowAdapters, _ pass: Pass) {
    self.adapters = adapters
    guard let virtualTokens = adapters.virtualTokens else {
      self.batch = batch
      return
    }
    virtualEmbeddings = virtualTokens.embeddings(pass)
    let extended = batch.withVirtualTokens(virtualTokens.count, id: virtualEmbeddings == nil ? nil : -1)
    self.batch = extended.batch
    if virtualEmbeddings != nil { rows = extended.rows }
    pastKeyValues = virtualTokens.keysAndValues(pass).map {
      PastKeyValues($0, sequenceOffsets: extended.batch.sequenceOffsets)
    }
  }
}

/// Keys and values that attention puts before those of every sequence.
struct PastKeyValues {
  private let keysAndValues: Tensor
  /// First rows of the sequences, without and with the past rows.
  private let sequenceOffsets, extendedOffsets: [Int]
  /// The sequences' rows among the extended ones.
  private let rows: [Int32]

  init(_ keysAndValues: Tensor, sequenceOffsets: [Int]) {
    let count = keysAndValues.rows
    self.keysAndValues = keysAndValues
    self.sequenceOffsets = sequenceOffsets
    extendedOffsets = sequenceOffsets.enumerated().map { $1 + $0 * count }
    rows = zip(sequenceOffsets, sequenceOffsets.dropFirst()).enumerated().flatMap { index, range in
      (range.0..<range.1).map { Int32($0 + (index + 1) * count) }
    }
  }

  /// The attention of the block at `index`. The context has as many rows as qkv.
  func attend(_ qkv: Tensor, block index: Int, heads: Int, dropout: Double, _ pass: Pass) -> Tensor {
    let d = qkv.columns / 3
    let extended = prepend(
      keysAndValues: keysAndValues, from: 2 * d * index, to: qkv, sequenceOffsets: sequenceOffsets, pass)
    let context = attention(extended, sequenceOffsets: extendedOffsets, heads: heads, dropout: dropout, pass)
    return gather(context, rows: rows, pass)
  }
}

extension Batch {
  /// Moves every sequence's position ids up by `count`. With `id`, also inserts `count` tokens of this id and token
  /// type 0 before every sequence. `rows` are the rows of the original tokens.
  func withVirtualTokens(_ count: Int, id: Int32?) -> (batch: Batch, rows: [Int32]) {
    var batch = Batch(), rows: [Int32] = []
    let inserted = id == nil ? 0 : count
    for (start, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
      let first = batch.count + inserted
      rows += Int32(first)..<Int32(first + end - start)
      batch.append(
        Array(repeating: id ?? 0, count: inserted) + ids[start..<end],
        tokenTypeIDs: Array(repeating: 0, count: inserted) + tokenTypeIDs[start..<end], from: Int32(count - inserted))
    }
    return (batch, rows)
  }
}
