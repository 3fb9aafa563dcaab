/// Squared error between a student's and its teacher's values.
internal import CKernels
internal import Kernels

/// loss = scale·Σ (x - t)²      dx = 2·scale·(x - t)      x, teacher t [n, d]
/// torch's MSELoss is scale = 1/(n·d).
public func squaredError(_ x: Tensor, from teacher: Tensor, scale: Float, _ pass: Pass) -> Double {
  precondition(
    x.rows == teacher.rows && x.columns == teacher.columns,
    "squaredError: \(x.rows) × \(x.columns) against \(teacher.rows) × \(teacher.columns)")
  var sum = 0.0
  pass.accumulateLossGradient(x.slot) { dx, beta in
    sum = tune_squared_error(x.pointer, teacher.pointer, dx?.base, x.count, 2 * scale, beta)
  }
  return Double(scale) * sum
}
