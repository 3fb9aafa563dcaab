/// Activation functions. A tracked forward saves the derivative, so that backward is one elementwise product.
internal import CKernels
package import Kernels

package enum Activation: Sendable {
  /// x·Φ(x) with erf, as `gelu` in transformers.
  case gelu
  /// The tanh approximation, as `gelu_new` and `gelu_pytorch_tanh`.        source: Hendrycks & Gimpel 2016
  case geluTanh
  case relu
  /// x·σ(x), also called swish.        source: Elfwing et al. 2017
  case silu
  case tanh

  var code: Int32 {
    switch self {
    case .gelu: Int32(TUNE_GELU.rawValue)
    case .geluTanh: Int32(TUNE_GELU_TANH.rawValue)
    case .relu: Int32(TUNE_RELU.rawValue)
    case .silu: Int32(TUNE_SILU.rawValue)
    case .tanh: Int32(TUNE_TANH.rawValue)
    }
  }
}

/// y = f(x)     dx = f'(x)·dy        x, y [n, d]. y overwrites x.
/// The derivative f'(x) is saved with `precision`.
package func activate(_ x: Tensor, _ activation: Activation, precision: Precision = .fp32, _ pass: Pass) -> Tensor {
  let (d, code) = (x.columns, activation.code)
  guard x.isTracked else {
    pass.divideRows(x) { rows in
      let first = x.pointer + rows.lowerBound * d
      tune_activate(first, first, nil, rows.count * d, code)
    }
    return x
  }
  let y = pass.tensor(x.rows, x.columns, x.buffer, tracked: true), slot = x.slot
  switch precision {
  case .fp32:
    let derivative = pass.workspace.take(x.count)
    pass.divideRows(x) { rows in
      let first = rows.lowerBound * d
      tune_activate(x.pointer + first, y.pointer + first, derivative.pointer + first, rows.count * d, code)
    }
    pass.record(y) { [unowned pass] dy in
      pass.accumulate(slot) { dx, beta in
        pass.divideRows(dy) { rows in
          let first = rows.lowerBound * d
          tune_multiply(dy.pointer + first, derivative.pointer + first, dx.base + first, rows.count * d, beta)
        }
      }
    }
  case .bf16:
    let derivative = pass.workspace.take((x.count + 1) / 2)
    pass.divideRows(x) { rows in
      let first = rows.lowerBound * d
      tune_activate_bf16(x.pointer + first, y.pointer + first, derivative.bf16 + first, rows.count * d, code)
    }
    pass.record(y) { [unowned pass] dy in
      pass.accumulate(slot) { dx, beta in
        pass.divideRows(dy) { rows in
          let first = rows.lowerBound * d
          tune_multiply_bf16(dy.pointer + first, derivative.bf16 + first, dx.base + first, rows.count * d, beta)
        }
      }
    }
  }
  return y
}

/// y = tanh(x)     dx = (1 - y²)·dy        x, y [n, d]
package func tanh(_ x: Tensor, _ pass: Pass) -> Tensor {
  let y = pass.make(x.rows, x.columns, tracked: x.isTracked)
  tune_tanh(x.pointer, y.pointer, x.count)
  let slot = x.slot
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(slot) { dx, beta in tune_tanh_backward(y.pointer, dy.pointer, dx.base, dy.count, beta) }
  }
  return y
}
