/// Attention with past keys and values (prefix tuning), which need no tokens.
import Autograd

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
