/// Layer normalization, fused with the dropout and the residual connection that precede it in a transformer.
internal import CKernels

/// z = residual + dropout(x)      y = gain·(z - mean)/√(var + eps) + bias        all [n, d], mean and var by row
/// dz = rstd·(g - mean(g) - ẑ·mean(g·ẑ)) with g = gain·dy, ẑ = (z - mean)·rstd        source: Ba et al. 2016
public func addNorm(
  _ x: Tensor, residual: Tensor? = nil, gain: Parameter, bias: Parameter, eps: Float, dropout probability: Double = 0,
  _ pass: Pass
) -> Tensor {
  let (n, d) = (x.rows, x.columns)
  let isTrainable = gain.isTrainable || bias.isTrainable
  let y = pass.make(n, d, tracked: x.isTracked || residual?.isTracked == true || isTrainable)
  let z = y.isTracked ? pass.make(n, d) : nil
  let moments = pass.make(2, n)
  let (mean, rstd) = (moments.pointer, moments.pointer + n)
  let dropout = pass.dropout(probability)
  withPointer(dropout) {
    tune_add_norm(
      x.pointer, residual?.pointer, gain.pointer, bias.pointer, z?.pointer, y.pointer, mean, rstd, n, d, eps, $0)
  }
  guard let z else { return y }
  let (slot, residualSlot) = (x.slot, residual?.slot)
  pass.record(y) { [unowned pass] dy in
    let dz = pass.make(n, d)
    let (mean, rstd) = (moments.pointer, moments.pointer + n)
    withGradients(gain, bias, pass) { dgain, dbias in
      tune_norm_backward(dy.pointer, z.pointer, mean, rstd, gain.pointer, dz.pointer, dgain, dbias, n, d)
    }
    if let residualSlot { pass.addGradient(dz, to: residualSlot) }
    guard let dropout else { return pass.addGradient(dz, to: slot) }
    pass.accumulate(slot) { dx, beta in addDropout(dz, into: dx, beta: beta, dropout, pass) }
  }
  return y
}

/// Calls `body` with both gradients, zeroed where nothing has been added yet; nil for a frozen parameter.
private func withGradients(
  _ gain: Parameter, _ bias: Parameter, _ pass: Pass,
  _ body: (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void
) {
  func withGradient(_ w: Parameter, _ body: (UnsafeMutablePointer<Float>?) -> Void) {
    guard w.isTrainable else { return body(nil) }
    pass.accumulate(w) { pointer, beta in
      if beta == 0 { pointer.update(repeating: 0, count: w.count) }
      body(pointer)
    }
  }
  withGradient(gain) { dgain in withGradient(bias) { dbias in body(dgain, dbias) } }
}
