/// Gated activations of a feed-forward layer: GeGLU, SwiGLU and others. As for `activate`, a tracked forward saves the
/// derivatives.
internal import CKernels
package import Kernels

/// y = f(a)⊙b        da = f'(a)⊙b⊙dy    db = f(a)⊙dy        source: Shazeer 2020 eq. 6
/// x = a, b side by side [n, 2m]   →   y [n, m]. x is overwritten.
/// The derivatives f'(a)⊙b and f(a) are saved with `precision`.
package func activateGated(_ x: Tensor, _ activation: Activation, precision: Precision = .fp32, _ pass: Pass) -> Tensor
{
  let (n, m, code) = (x.rows, x.columns / 2, activation.code)
  precondition(2 * m == x.columns, "activateGated: \(x.columns) columns are an odd number")
  let y = pass.make(n, m, tracked: x.isTracked), slot = x.slot
  guard x.isTracked else {
    pass.divideRows(x) { rows in
      let row = rows.lowerBound
      tune_activate_gated(x.pointer + row * 2 * m, y.pointer + row * m, nil, rows.count, m, code)
    }
    return y
  }
  switch precision {
  case .fp32:
    let derivatives = x.buffer
    pass.divideRows(x) { rows in
      let (row, first) = (rows.lowerBound, rows.lowerBound * 2 * m)
      tune_activate_gated(x.pointer + first, y.pointer + row * m, derivatives.pointer + first, rows.count, m, code)
    }
    pass.record(y) { [unowned pass] dy in
      pass.accumulate(slot) { dx, beta in
        pass.divideRows(dy) { rows in
          let (row, first) = (rows.lowerBound, rows.lowerBound * 2 * m)
          tune_gated_backward(
            dy.pointer + row * m, derivatives.pointer + first, dx.base + first, rows.count, m, beta)
        }
      }
    }
  case .bf16:
    let derivatives = pass.workspace.take(n * m)
    pass.divideRows(x) { rows in
      let (row, first) = (rows.lowerBound, rows.lowerBound * 2 * m)
      tune_activate_gated_bf16(x.pointer + first, y.pointer + row * m, derivatives.bf16 + first, rows.count, m, code)
    }
    pass.record(y) { [unowned pass] dy in
      pass.accumulate(slot) { dx, beta in
        pass.divideRows(dy) { rows in
          let (row, first) = (rows.lowerBound, rows.lowerBound * 2 * m)
          tune_gated_backward_bf16(
            dy.pointer + row * m, derivatives.bf16 + first, dx.base + first, rows.count, m, beta)
        }
      }
    }
  }
  return y
}
