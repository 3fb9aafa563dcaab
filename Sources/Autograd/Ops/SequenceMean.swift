/// Pools each sequence of a packed batch to the mean of its tokens.
internal import CKernels
internal import Kernels

/// y[s] = the mean of the rows of sequence s; 0 for an empty sequence        dx[i] = dy[s]/t for each of its t rows
/// x [n, d]   →   y [sequences, d]. `sequenceOffsets` as for `attention`.
package func sequenceMeans(_ x: Tensor, sequenceOffsets: [Int], _ pass: Pass) -> Tensor {
  precondition(
    sequenceOffsets.first == 0 && sequenceOffsets.last == x.rows,
    "sequenceMeans: \(x.rows) rows for sequences at \(sequenceOffsets)")
  let d = x.columns, y = pass.make(sequenceOffsets.count - 1, d, tracked: x.isTracked), slot = x.slot
  func forEachSequence(_ body: (_ sequence: Int, _ row: Int, _ t: Int) -> Void) {
    for (sequence, range) in zip(sequenceOffsets, sequenceOffsets.dropFirst()).enumerated() {
      body(sequence, range.0, range.1 - range.0)
    }
  }
  forEachSequence { sequence, row, t in tune_mean_rows(x.pointer + row * d, y.pointer + sequence * d, t, d) }
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(slot) { dx, beta in
      forEachSequence { sequence, row, t in
        tune_spread_rows(dy.pointer + sequence * d, dx.base + row * d, t, d, beta)
      }
    }
  }
  return y
}
