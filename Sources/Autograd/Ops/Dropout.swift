/// Dropout as a separate op, for places where it is not fused into another op.
internal import CKernels
internal import Kernels

/// y = x·mask/(1 - p)        x, y [n, d]; backward regenerates the mask        source: Srivastava et al. 2014
package func dropout(_ x: Tensor, _ probability: Double, _ pass: Pass) -> Tensor {
  guard let dropout = pass.dropout(probability) else { return x }
  let y = pass.make(x.rows, x.columns, tracked: x.isTracked)
  apply(dropout, to: x, into: y.pointer, pass)
  let slot = x.slot
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(slot) { dx, beta in addDropout(dy, into: dx, beta: beta, dropout, pass) }
  }
  return y
}

/// dx = mask·dy/(1 - p) + beta·dx, with the mask of one dropout site.
func addDropout(_ dy: Tensor, into dx: Matrix, beta: Float, _ dropout: tune_dropout, _ pass: Pass) {
  let masked = beta == 0 ? nil : pass.make(dy.rows, dy.columns)
  apply(dropout, to: dy, into: masked?.pointer ?? dx.base, pass)
  if let masked { pass.add(masked, into: dx) }
}

private func apply(_ dropout: tune_dropout, to x: Tensor, into y: UnsafeMutablePointer<Float>, _ pass: Pass) {
  let d = x.columns
  pass.divideRows(x) { rows in
    withPointer(dropout.from(row: rows.lowerBound)) {
      tune_apply_dropout(x.pointer + rows.lowerBound * d, y + rows.lowerBound * d, rows.count, d, $0)
    }
  }
}

extension tune_dropout {
  /// The same for a kernel that gets the rows from `row` on.
  func from(row: Int) -> tune_dropout {
    var dropout = self
    dropout.first_row = UInt32(row)
    return dropout
  }
}
