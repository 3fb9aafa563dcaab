/// LayerNorm over the last axis, with an optional residual added first (Ba et al. 2016).
import Autograd

struct LayerNorm: Sendable {
  let gain, bias: Parameter
  let eps: Float

  init(_ scope: Scope, size: Int, _ config: ModelConfig) throws {
    gain = try scope.parameter("weight", [size], initializer: .one)
    bias = try scope.parameter("bias", [size], initializer: .zero)
    eps = config.layerNormEps
  }

  /// The norm of a head: newly initialized where the checkpoint has none or `reuse` is false.
  init(head scope: Scope, size: Int, _ config: ModelConfig, reuse: Bool) throws {
    gain = try scope.head("weight", [size], initializer: .one, reuse: reuse)
    bias = try scope.head("bias", [size], initializer: .zero, reuse: reuse)
    eps = config.layerNormEps
  }

  /// The module's path on the Hub.
  var name: String { String(gain.name.dropLast(".weight".count)) }

  func callAsFunction(
    _ x: Tensor, residual: Tensor?, dropout: Double, _ adapters: RowAdapters, _ pass: Pass
  ) -> Tensor {
    addNorm(x, residual: residual, gain: adapters[gain], bias: adapters[bias], eps: eps, dropout: dropout, pass)
  }
}
