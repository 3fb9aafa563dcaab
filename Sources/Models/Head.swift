/// What stands between the encoder's states and the classifier.
import Autograd
import Kernels

/// x → f(x·Wᵀ + b), normalised where there is a norm        [n, d] → [n, d]
/// The pooler of a sequence (f = tanh), the transform of a masked-language head (f = the encoder's).
struct HeadTransform: Sendable {
  let dense: Projection
  /// nil: tanh.
  let activation: Activation?
  let norm: LayerNorm?

  func callAsFunction(_ x: Tensor, precision: Precision, _ pass: Pass) -> Tensor {
    let y = JoinedProjection(dense)(x, precision: precision, pass)
    let z = activation.map { activate(y, $0, precision: precision, pass) } ?? tanh(y, pass)
    return norm?(z, residual: nil, dropout: 0, pass) ?? z
  }
}
