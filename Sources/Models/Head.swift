/// The layers between the encoder's hidden states and the classifier.
import Autograd
import Kernels

/// x → norm(f(x·Wᵀ + b)), the norm being optional        [n, d] → [n, d]
/// The pooler of a sequence classifier (f = tanh; ReLU in DistilBERT), or the transform of a masked-language-modeling
/// head (f = the encoder's activation).
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
