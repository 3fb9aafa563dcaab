/// Scales columns by trained factors, as (IA)³ does.
internal import CKernels
package import Kernels

/// y = x·diag(g)      x, y [n, d]   g of d numbers
/// dx = dy·diag(g)    dg += Σ over rows of dy·x        source: Liu et al. 2022 §3.3
package func scale(_ x: Tensor, by gain: Parameter, _ pass: Pass) -> Tensor {
  let y = pass.make(x.rows, x.columns, tracked: x.isTracked || gain.isTrainable)
  scale(x.matrix, by: gain, into: y.matrix)
  let saved = gain.isTrainable ? x : nil, slot = x.slot
  pass.record(y) { [unowned pass] dy in
    if let saved { addDots(dy.matrix, saved.matrix, to: gain, pass) }
    pass.accumulate(slot) { dx, beta in scale(dy.matrix, by: gain, into: dx, beta: beta) }
  }
  return y
}

/// The same in place, for the columns `range` of y.
/// - Returns: the backward function, which overwrites these columns of dy with dx; nil where y is not tracked.
package func scale(columns range: Range<Int>, of y: Tensor, by gain: Parameter, _ pass: Pass) -> ((Tensor) -> Void)? {
  let columns = y.matrix.columns(range)
  // x is saved, because it cannot be recovered from y where the gain is zero.
  let saved = y.isTracked && gain.isTrainable ? pass.make(y.rows, range.count) : nil
  if let saved { copy(columns, to: saved.matrix) }
  scale(columns, by: gain, into: columns)
  guard y.isTracked else { return nil }
  return { [unowned pass] dy in
    let slice = dy.matrix.columns(range)
    if let saved { addDots(slice, saved.matrix, to: gain, pass) }
    scale(slice, by: gain, into: slice)
  }
}

/// y = x·diag(g) + beta·y; y may be x.
package func scale(_ x: Matrix, by gain: Parameter, into y: Matrix, beta: Float = 0) {
  tune_scale_columns(x.base, x.stride, gain.pointer, y.base, y.stride, x.rows, x.columns, beta)
}

/// Adds Σ over rows of x·y to the gradient of `parameter`.
package func addDots(_ x: Matrix, _ y: Matrix, to parameter: Parameter, _ pass: Pass) {
  pass.accumulate(parameter) { sums, beta in
    tune_column_dots(x.base, x.stride, y.base, y.stride, sums, x.rows, x.columns, beta)
  }
}

private func copy(_ x: Matrix, to y: Matrix) {
  for row in 0..<x.rows { (y.base + row * y.stride).update(from: x.base + row * x.stride, count: x.columns) }
}
