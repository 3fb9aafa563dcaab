/// Squared error of a model's values against targets, or of a student's against its teacher's.
internal import CKernels
internal import Kernels

/// loss = scale·Σ (x - t)²      dx = 2·scale·(x - t)      x, teacher t [n, d]
/// torch's MSELoss is scale = 1/(n·d).
package func squaredError(_ x: Tensor, from teacher: Tensor, scale: Float, _ pass: Pass) -> Double {
  precondition(
    x.rows == teacher.rows && x.columns == teacher.columns,
    "squaredError: \(x.rows) × \(x.columns) against \(teacher.rows) × \(teacher.columns)")
  var sum = 0.0
  pass.accumulateLossGradient(x.slot) { dx, beta in
    sum = tune_squared_error(x.pointer, teacher.pointer, dx?.base, x.count, 2 * scale, beta)
  }
  return Double(scale) * sum
}

/// loss = Σᵢ (x - y)², over rows with a target, divided by `norm`      logits x [n, 1]      targets y; NaN: no target
/// torch's MSELoss when `norm` is the number of rows with a target.
/// - Returns: the loss. Its gradient overwrites the logits and becomes theirs, for `Pass.backward`.
package func meanSquaredError(_ logits: Tensor, targets: [Float], norm: Float, _ pass: Pass) -> Double {
  precondition(
    targets.count == logits.rows && logits.columns == 1,
    "meanSquaredError: \(targets.count) targets for \(logits.rows) × \(logits.columns) logits")
  let loss = tune_mean_squared_error(logits.pointer, targets, logits.rows, norm > 0 ? norm : 1)
  pass.addGradient(logits, to: logits.slot)
  return loss
}
