/// Ops for virtual tokens: trained rows or keys and values at the start of every sequence of a packed batch.
internal import CKernels
internal import Kernels

/// y = x, with p added to the first m rows of every sequence
/// dx = dy   dp = Σ over sequences of the first m rows of dy
/// x, y [n, d]   p [m, d]; every sequence has at least m rows. `sequenceOffsets` as for `attention`. y overwrites x.
package func addToSequenceStarts(_ x: Tensor, _ p: Tensor, sequenceOffsets: [Int], _ pass: Pass) -> Tensor {
  precondition(x.columns == p.columns, "addToSequenceStarts: \(p.columns) columns for \(x.columns)")
  precondition(
    zip(sequenceOffsets, sequenceOffsets.dropFirst()).allSatisfy { $1 - $0 >= p.rows },
    "addToSequenceStarts: a sequence has fewer than \(p.rows) rows")
  let y = pass.tensor(x.rows, x.columns, x.buffer, tracked: x.isTracked || p.isTracked)
  let offsets = sequenceOffsets.dropLast().map { $0 * x.columns }
  for offset in offsets { tune_add(p.pointer, y.pointer + offset, p.count) }
  let (slot, addedSlot) = (x.slot, p.slot)
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(addedSlot) { dp, beta in
      if beta == 0 { dp.clear() }
      for offset in offsets { tune_add(dy.pointer + offset, dp.base, dp.rows * dp.columns) }
    }
    pass.addGradient(dy, to: slot)
  }
  return y
}

/// Inserts m past keys and values before every sequence of qkv [n, 3d]; the inserted queries are 0.
/// p [m, …] holds all blocks' keys and values side by side; this block's 2d columns begin at `column`.
/// y [n + m·sequences, 3d], each sequence longer by m
/// dqkv = the sequences' rows of dy    dp[:, column..<column + 2d] = Σ over sequences of the inserted rows' dk and dv
/// source: Li & Liang 2021 §4.2
package func prepend(keysAndValues p: Tensor, from column: Int, to qkv: Tensor, sequenceOffsets: [Int], _ pass: Pass)
  -> Tensor
{
  let rowLength = qkv.columns, d = rowLength / 3, m = p.rows
  precondition(
    d * 3 == rowLength && column + 2 * d <= p.columns, "prepend: \(p.columns) columns, 2·\(d) from \(column)")
  let y = pass.make(qkv.rows + m * (sequenceOffsets.count - 1), rowLength, tracked: qkv.isTracked || p.isTracked)
  // Offsets of each sequence in qkv and in y, and its length, in numbers.
  let sequences = zip(sequenceOffsets, sequenceOffsets.dropFirst()).enumerated().map { index, range in
    (from: range.0 * rowLength, to: (range.0 + m * (index + 1)) * rowLength, count: (range.1 - range.0) * rowLength)
  }
  for (from, to, count) in sequences {
    for row in 0..<m {
      let inserted = y.pointer + to - (m - row) * rowLength
      inserted.update(repeating: 0, count: d)
      (inserted + d).update(from: p.pointer + row * p.columns + column, count: 2 * d)
    }
    (y.pointer + to).update(from: qkv.pointer + from, count: count)
  }
  let (slot, pastSlot) = (qkv.slot, p.slot)
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(pastSlot) { dp, beta in
      if beta == 0 { dp.clear() }
      for sequence in sequences {
        for row in 0..<m {
          tune_add(dy.pointer + sequence.to - (m - row) * rowLength + d, dp.base + row * dp.stride + column, 2 * d)
        }
      }
    }
    pass.accumulate(slot) { dx, beta in
      for (from, to, count) in sequences { tune_scale(dy.pointer + to, dx.base + from, count, 1, beta) }
    }
  }
  return y
}
