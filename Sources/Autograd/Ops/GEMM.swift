/// The matrix product of a pass, on all threads that are idle.
package import Kernels

/// `gemm` of `Kernels`, with c divided by rows or by columns, whichever are more. Every number of c is computed as by one
/// thread. OpenBLAS, of which that is not known, runs on one thread.
package func gemm(
  _ a: Matrix, _ b: Matrix, into c: Matrix, alpha: Float = 1, beta: Float = 0, bias: UnsafePointer<Float>? = nil,
  precision: Precision = .fp32, _ pass: Pass
) {
  // A panel of columns must not be divided.
  let (byRows, panel) = (c.rows > c.columns, 32)
  let cost = GEMMBackend.selected == .blas ? 0 : c.rows * c.columns * a.columns / 16
  pass.divide(byRows ? c.rows : c.columns, unit: byRows ? 1 : panel, cost: cost) { range, _ in
    gemm(
      byRows ? a.rows(range) : a, byRows ? b : b.columns(range), into: byRows ? c.rows(range) : c.columns(range),
      alpha: alpha, beta: beta, bias: byRows ? bias : bias.map { $0 + range.lowerBound }, precision: precision)
  }
}
