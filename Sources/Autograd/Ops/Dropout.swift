/// Dropout as a separate op, for places where it is not fused into another op.
internal import CKernels
internal import Kernels

/// y = x·mask/(1 - p)        x, y [n, d]; backward regenerates the mask        source: Srivastava et al. 2014
public func dropout(_ x: Tensor, _ probability: Double, _ pass: Pass) -> Tensor {
  guard let dropout = pass.dropout(probability) else { return x }
  let y = pass.make(x.rows, x.columns, tracked: x.isTracked)
  withPointer(dropout) { tune_apply_dropout(x.pointer, y.pointer, x.rows, x.columns, $0) }
  let slot = x.slot
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(slot) { dx, beta in addDropout(dy, into: dx, beta: beta, dropout, pass) }
  }
  return y
}

/// dx = mask·dy/(1 - p) + beta·dx, with the mask of one dropout site.
func addDropout(_ dy: Tensor, into dx: Matrix, beta: Float, _ dropout: tune_dropout, _ pass: Pass) {
  let masked = beta == 0 ? nil : pass.make(dy.rows, dy.columns)
  withPointer(dropout) { tune_apply_dropout(dy.pointer, masked?.pointer ?? dx.base, dy.rows, dy.columns, $0) }
  if let masked { tune_add(masked.pointer, dx.base, dy.count) }
}
