/// Where something may sit that no projection has room for. Does not know what. While all seams are empty the model
/// computes what it computes without them, bit for bit.
public import Autograd
public import Kernels

/// What may sit in a block, behind attention's output and behind the feed-forward's.
/// Sendable: read during a step; assigned between passes.
public final class BlockAdapterSlots: @unchecked Sendable {
  /// The block's path as on the Hub: `bert.encoder.layer.0`.
  public let name: String
  public var attentionOutput, output: (any ResidualAdapter)?

  init(_ name: String) { self.name = name }
}

/// Stands in a block for norm(h + x).
public protocol ResidualAdapter: AnyObject {
  /// - Parameters:
  ///   - h: what the sublayer made, after its dropout, [n, d]; not to be overwritten.
  ///   - x: what the sublayer read, [n, d].
  ///   - norm: the block's own norm of a sum.
  func callAsFunction(
    _ h: Tensor, residual x: Tensor, precision: Precision, norm: (_ h: Tensor, _ x: Tensor) -> Tensor, _ pass: Pass
  ) -> Tensor
}

/// Stands before every sequence that the encoder reads, and takes as many positions of the sequence's.
public protocol VirtualTokens: AnyObject {
  var count: Int { get }
  /// Tokens of its own [positions, d], in place of their words.
  func tokens(_ pass: Pass) -> Tensor?
  /// Keys and values of its own, those of all blocks side by side: [positions, 2·d·blocks].
  func keysAndValues(_ pass: Pass) -> Tensor?
}

/// A batch as an encoder reads it, behind what stands before its sequences.
struct EncoderInput {
  let batch: Batch
  /// The rows of the tokens that were there before; nil: all.
  private(set) var rows: [Int32]?
  /// What is added to the first tokens of every sequence, which have no word.
  private(set) var tokens: Tensor?
  private(set) var pastKeyValues: PastKeyValues?

  /// Whether anything stands before the sequences.
  var hasVirtualTokens: Bool { tokens != nil || pastKeyValues != nil }

  init(_ batch: Batch, virtualTokens preface: (any VirtualTokens)?, _ pass: Pass) {
    guard let preface else {
      self.batch = batch
      return
    }
    tokens = preface.tokens(pass)
    let read = batch.withVirtualTokens(preface.count, id: tokens == nil ? nil : -1)
    self.batch = read.batch
    if tokens != nil { rows = read.rows }
    pastKeyValues = preface.keysAndValues(pass).map { PastKeyValues($0, starts: read.batch.sequenceOffsets) }
  }
}

/// Keys and values that stand before those of every sequence.
struct PastKeyValues {
  private let keysAndValues: Tensor
  /// First rows of the sequences, without the prefix and with it.
  private let starts, longer: [Int]
  /// The sequences' own rows among the longer ones.
  private let rows: [Int32]

  init(_ keysAndValues: Tensor, starts: [Int]) {
    let count = keysAndValues.rows
    self.keysAndValues = keysAndValues
    self.starts = starts
    longer = starts.enumerated().map { $1 + $0 * count }
    rows = zip(starts, starts.dropFirst()).enumerated().flatMap { index, range in
      (range.0..<range.1).map { Int32($0 + (index + 1) * count) }
    }
  }

  /// Attention of the block at `index`, whose context has as many rows as qkv.
  func attend(_ qkv: Tensor, block index: Int, heads: Int, dropout: Double, _ pass: Pass) -> Tensor {
    let d = qkv.columns / 3
    let all = prepend(keysAndValues: keysAndValues, from: 2 * d * index, to: qkv, sequenceOffsets: starts, pass)
    return gather(attention(all, sequenceOffsets: longer, heads: heads, dropout: dropout, pass), rows: rows, pass)
  }
}

extension Batch {
  /// Every sequence's tokens at places from `count` on; with `ids`, behind tokens of that id, whose kind is 0.
  func withVirtualTokens(_ count: Int, id: Int32?) -> (batch: Batch, rows: [Int32]) {
    var batch = Batch(), rows: [Int32] = []
    let extra = id == nil ? 0 : count
    for (start, end) in zip(sequenceOffsets, sequenceOffsets.dropFirst()) {
      let first = batch.count + extra
      rows += Int32(first)..<Int32(first + end - start)
      batch.append(
        Array(repeating: id ?? 0, count: extra) + ids[start..<end],
        tokenTypeIDs: Array(repeating: 0, count: extra) + tokenTypeIDs[start..<end], from: Int32(count - extra))
    }
    return (batch, rows)
  }
}
