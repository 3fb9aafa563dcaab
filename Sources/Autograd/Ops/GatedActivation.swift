/// Gated activations of a feed-forward layer: GeGLU, SwiGLU and others. As for `activate`, a tracked forward saves the
/// derivatives.
internal import CKernels
public import Kernels

/// y = f(a)⊙b        da = f'(a)⊙b⊙dy    db = f(a)⊙dy        source: Shazeer 2020 eq. 6
/// x = a, b side by side [n, 2m]   →   y [n, m]. x is overwritten.
/// The derivatives f'(a)⊙b and f(a) are saved with `precision`.
public func activateGated(_ x: Tensor, _ activation: Activation, precision: Precision = .fp32, _ pass: Pass) -> Tensor {
  let (n, m, code) = (x.rows, x.columns / 2, activation.code)
  precondition(2 * m == x.columns, "activateGated: \(x.columns) columns are an odd number")
  guard x.isTracked else {
    tune_activate_gated(x.pointer, x.pointer, nil, n, m, code)
    return pass.tensor(n, m, x.buffer, tracked: false)
  }
  let y = pass.make(n, m, tracked: true), slot = x.slot
  switch precision {
  case .fp32:
    let derivatives = x.buffer
    tune_activate_gated(x.pointer, y.pointer, derivatives.pointer, n, m, code)
    pass.record(y) { [unowned pass] dy in
      pass.accumulate(slot) { dx, beta in
        tune_gated_backward(dy.pointer, derivatives.pointer, dx.base, n, m, beta)
      }
    }
  case .bf16:
    let derivatives = pass.workspace.take(n * m)
    tune_activate_gated_bf16(x.pointer, y.pointer, derivatives.bf16, n, m, code)
    pass.record(y) { [unowned pass] dy in
      pass.accumulate(slot) { dx, beta in
        tune_gated_backward_bf16(dy.pointer, derivatives.bf16, dx.base, n, m, beta)
      }
    }
  }
  return y
}
