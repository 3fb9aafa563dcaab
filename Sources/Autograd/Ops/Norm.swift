/// Layer normalization, fused with the dropout and the residual connection that precede it in a transformer, and the
/// residual connection alone.
internal import CKernels

/// z = residual + dropout(x)      y = gain·(z - mean)/√(var + eps) + bias        all [n, d], mean and var by row
/// bias nil: 0
/// dz = rstd·(g - mean(g) - ẑ·mean(g·ẑ)) with g = gain·dy, ẑ = (z - mean)·rstd        source: Ba et al. 2016
package func addNorm(
  _ x: Tensor, residual: Tensor? = nil, gain: Parameter, bias: Parameter?, eps: Float, dropout probability: Double = 0,
  _ pass: Pass
) -> Tensor {
  let (n, d) = (x.rows, x.columns)
  let isTrainable = gain.isTrainable || bias?.isTrainable == true
  let y = pass.make(n, d, tracked: x.isTracked || residual?.isTracked == true || isTrainable)
  let z = y.isTracked ? pass.make(n, d) : nil
  let dropout = pass.dropout(probability)
  let normBackward = normalize(x, residual, into: z, y, gain: gain, bias: bias, eps: eps, dropout, pass)
  guard let z else { return y }
  let backward = residualBackward(x.slot, residual?.slot, dropout, pass)
  pass.record(y) { dy in backward(normBackward(dy, z)) }
  return y
}

/// The residual connection and the normalization of a pre-norm block, whose sum is read twice: by the sublayer after the
/// normalization, and by the next residual connection.
/// - Returns: z as `sum` and y as `norm`, of the equations at `addNorm`.
package func sumAndNorm(
  _ x: Tensor, residual: Tensor, gain: Parameter, bias: Parameter?, eps: Float, dropout probability: Double = 0,
  _ pass: Pass
) -> (sum: Tensor, norm: Tensor) {
  let (n, d) = (x.rows, x.columns)
  let isTrainable = gain.isTrainable || bias?.isTrainable == true
  let z = pass.make(n, d, tracked: x.isTracked || residual.isTracked)
  let y = pass.make(n, d, tracked: z.isTracked || isTrainable)
  let dropout = pass.dropout(probability)
  let normBackward = normalize(x, residual, into: z, y, gain: gain, bias: bias, eps: eps, dropout, pass)
  pass.record(z, residualBackward(x.slot, residual.slot, dropout, pass))
  if y.isTracked { pass.record(y) { [unowned pass] dy in pass.addGradient(normBackward(dy, z), to: z.slot) } }
  return (z, y)
}

/// z = residual + dropout(x)        all [n, d]
package func add(_ x: Tensor, to residual: Tensor, dropout probability: Double = 0, _ pass: Pass) -> Tensor {
  let z = pass.make(x.rows, x.columns, tracked: x.isTracked || residual.isTracked)
  let dropout = pass.dropout(probability)
  let d = x.columns
  pass.divideRows(x) { rows in
    let first = rows.lowerBound * d
    withPointer(dropout?.from(row: rows.lowerBound)) {
      tune_add_residual(x.pointer + first, residual.pointer + first, z.pointer + first, rows.count, d, $0)
    }
  }
  pass.record(z, residualBackward(x.slot, residual.slot, dropout, pass))
  return z
}

/// Computes z, where it is wanted, and y of the equations at `addNorm`.
/// - Returns: computes dz from dy and z, and adds to the gradients of gain and bias.
private func normalize(
  _ x: Tensor, _ residual: Tensor?, into z: Tensor?, _ y: Tensor, gain: Parameter, bias: Parameter?, eps: Float,
  _ dropout: tune_dropout?, _ pass: Pass
) -> (_ dy: Tensor, _ z: Tensor) -> Tensor {
  let (n, d) = (x.rows, x.columns), moments = pass.make(2, n)
  pass.divideRows(x) { rows in
    let (row, first) = (rows.lowerBound, rows.lowerBound * d)
    withPointer(dropout?.from(row: row)) {
      tune_add_norm(
        x.pointer + first, residual.map { $0.pointer + first }, gain.pointer, bias?.pointer,
        z.map { $0.pointer + first }, y.pointer + first, moments.pointer + row, moments.pointer + n + row, rows.count,
        d, eps, $0)
    }
  }
  return { [unowned pass] dy, z in
    let dz = pass.make(n, d)
    withGradients(gain, bias, pass) { dgain, dbias in
      // Sums over rows have one order.
      let isDivisible = dgain == nil && dbias == nil
      pass.divide(n, cost: isDivisible ? n * d / 2 : 0) { rows, _ in
        let (row, first) = (rows.lowerBound, rows.lowerBound * d)
        tune_norm_backward(
          dy.pointer + first, z.pointer + first, moments.pointer + row, moments.pointer + n + row, gain.pointer,
          dz.pointer + first, dgain, dbias, rows.count, d)
      }
    }
    return dz
  }
}

/// Adds dz to the gradients of the residual and, through dropout, of x.
private func residualBackward(
  _ slot: GradientSlot, _ residualSlot: GradientSlot?, _ dropout: tune_dropout?, _ pass: Pass
) -> (_ dz: Tensor) -> Void {
  { [unowned pass] dz in
    if let residualSlot { pass.addGradient(dz, to: residualSlot) }
    guard let dropout else { return pass.addGradient(dz, to: slot) }
    pass.accumulate(slot) { dx, beta in addDropout(dz, into: dx, beta: beta, dropout, pass) }
  }
}

/// Calls `body` with both gradients, zeroed where nothing has been added yet; nil for a frozen parameter.
private func withGradients(
  _ gain: Parameter, _ bias: Parameter?, _ pass: Pass,
  _ body: (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void
) {
  func withGradient(_ w: Parameter?, _ body: (UnsafeMutablePointer<Float>?) -> Void) {
    guard let w, w.isTrainable else { return body(nil) }
    pass.accumulate(w) { pointer, beta in
      if beta == 0 { pointer.update(repeating: 0, count: w.count) }
      body(pointer)
    }
  }
  withGradient(gain) { dgain in withGradient(bias) { dbias in body(dgain, dbias) } }
}
