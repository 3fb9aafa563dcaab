/// Sums of tensors, and a parameter as a tensor.
internal import CKernels
internal import Kernels

/// y = h + s·u     dh = dy   du = s·dy        all [n, d]; y overwrites u.
package func addScaled(_ h: Tensor, _ u: Tensor, by scale: Float, _ pass: Pass) -> Tensor {
  precondition(h.rows == u.rows && h.columns == u.columns, "addScaled: shapes differ")
  let y = pass.tensor(u.rows, u.columns, u.buffer, tracked: h.isTracked || u.isTracked)
  tune_add_scaled(h.pointer, u.pointer, y.pointer, y.count, scale)
  let (first, second) = (h.slot, u.slot)
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(second) { du, beta in tune_scale(dy.pointer, du.base, dy.count, scale, beta) }
    pass.addGradient(dy, to: first)
  }
  return y
}

/// y = a copy of w     dw = dy        w, y [rows, columns]
/// For a weight that several ops read: w's gradient is then written once.
package func tensor(_ w: Parameter, _ pass: Pass) -> Tensor {
  let y = pass.make(w.rows, w.columns, tracked: w.isTrainable)
  y.pointer.update(from: w.pointer, count: w.count)
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(w) { dw, beta in tune_scale(dy.pointer, dw, dy.count, 1, beta) }
  }
  return y
}

/// A tensor that `write` fills, and whose gradient `receive` gets in backward: the variable of an explanation.
package func variable(
  _ rows: Int, _ columns: Int, _ pass: Pass, write: (UnsafeMutablePointer<Float>) -> Void,
  gradient receive: @escaping (_ dx: Tensor) -> Void
) -> Tensor {
  let x = pass.make(rows, columns, tracked: true)
  write(x.pointer)
  pass.record(x, receive)
  return x
}
