/// Learned rows that stand before every sequence of a packed batch.
internal import CKernels
internal import Kernels

/// y = x, and at the first rows of every sequence x + p     dx = dy   dp = Σ over sequences of their first rows of dy
/// x, y [n, d]   p [m, d]; every sequence has at least m rows. `starts` as for `attention`. y overwrites x.
public func addToSequenceStarts(_ x: Tensor, _ p: Tensor, sequenceOffsets: [Int], _ pass: Pass) -> Tensor {
  precondition(x.columns == p.columns, "addToStarts: \(p.columns) columns for \(x.columns)")
  precondition(
    zip(sequenceOffsets, sequenceOffsets.dropFirst()).allSatisfy { $1 - $0 >= p.rows },
    "addToStarts: a sequence is too short")
  let y = pass.tensor(x.rows, x.columns, x.buffer, tracked: x.isTracked || p.isTracked)
  let firsts = sequenceOffsets.dropLast().map { $0 * x.columns }
  for first in firsts { tune_add(p.pointer, y.pointer + first, p.count) }
  let (slot, own) = (x.slot, p.slot)
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(own) { dp, beta in
      if beta == 0 { dp.clear() }
      for first in firsts { tune_add(dy.pointer + first, dp.base, dp.rows * dp.columns) }
    }
    pass.pass(dy, to: slot)
  }
  return y
}

/// Before every sequence's rows of qkv [n, 3d] come m rows with a query of 0 and the keys and values of one block, which
/// lie side by side in p [m, …] from `column` on.     →   y [n + m·sequences, 3d], its sequences longer by m
/// dqkv = the sequences' own rows of dy    dp[:, column..<column + 2d] = Σ over sequences of the others' keys and values
/// source: Li & Liang 2021 §4.2
public func prepend(keysAndValues p: Tensor, from column: Int, to qkv: Tensor, sequenceOffsets: [Int], _ pass: Pass)
  -> Tensor
{
  let width = qkv.columns, d = width / 3, m = p.rows
  precondition(d * 3 == width && column + 2 * d <= p.columns, "prepend: \(p.columns) columns, 2·\(d) from \(column)")
  let y = pass.make(qkv.rows + m * (sequenceOffsets.count - 1), width, tracked: qkv.isTracked || p.isTracked)
  /// Of each sequence: its first row in qkv and in y, and how many it has.
  let sequences = zip(sequenceOffsets, sequenceOffsets.dropFirst()).enumerated().map { index, range in
    (from: range.0 * width, to: (range.0 + m * (index + 1)) * width, count: (range.1 - range.0) * width)
  }
  for (from, to, count) in sequences {
    for row in 0..<m {
      let new = y.pointer + to - (m - row) * width
      new.update(repeating: 0, count: d)
      (new + d).update(from: p.pointer + row * p.columns + column, count: 2 * d)
    }
    (y.pointer + to).update(from: qkv.pointer + from, count: count)
  }
  let (slot, own) = (qkv.slot, p.slot)
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(own) { dp, beta in
      if beta == 0 { dp.clear() }
      for sequence in sequences {
        for row in 0..<m {
          tune_add(dy.pointer + sequence.to - (m - row) * width + d, dp.base + row * dp.stride + column, 2 * d)
        }
      }
    }
    pass.accumulate(slot) { dx, beta in
      for (from, to, count) in sequences { tune_scale(dy.pointer + to, dx.base + from, count, 1, beta) }
    }
  }
  return y
}
