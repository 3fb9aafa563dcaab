/// LayerNorm over the last axis, with an optional residual added first (Ba et al. 2016).
import Autograd

struct LayerNorm: Sendable {
  let gain: Parameter
  let bias: Parameter?
  let eps: Float

  init(_ scope: Scope, size: Int, _ config: ModelConfig) throws {
    gain = try scope.parameter("weight", [size], initializer: .one)
    bias = config.hasNormBias ? try scope.parameter("bias", [size], initializer: .zero) : nil
    eps = config.layerNormEps
  }

  /// The norm of a head: newly initialized where the checkpoint has none or `reuse` is false.
  init(head scope: Scope, size: Int, _ config: ModelConfig, reuse: Bool) throws {
    gain = try scope.head("weight", [size], initializer: .one, reuse: reuse)
    bias = config.hasNormBias ? try scope.head("bias", [size], initializer: .zero, reuse: reuse) : nil
    eps = config.layerNormEps
  }

  var parameters: [Parameter] { [gain] + (bias.map { [$0] } ?? []) }

  /// The module's path on the Hub.
  var name: String { String(gain.name.dropLast(".weight".count)) }

  /// Whether a set has its own gain or bias.
  func isReplaced(by set: AdapterSet) -> Bool { set.replaces(parameters) }

  func callAsFunction(
    _ x: Tensor, residual: Tensor?, dropout: Double, _ adapters: RowAdapters, _ pass: Pass
  ) -> Tensor {
    adapters.compute(x.rows, changes: { isReplaced(by: $0.set) }, pass) { rows, adapters in
      addNorm(
        slice(x, rows: rows, pass), residual: residual.map { slice($0, rows: rows, pass) }, gain: adapters[gain],
        bias: bias.map { adapters[$0] }, eps: eps, dropout: dropout, pass)
    }
  }

  /// residual + dropout(x), and its norm.
  func ofSum(
    _ x: Tensor, residual: Tensor, dropout: Double, _ adapters: RowAdapters, _ pass: Pass
  ) -> (sum: Tensor, norm: Tensor) {
    if !adapters.haveOneSet, adapters.parts.contains(where: { isReplaced(by: $0.set) }) {
      let sum = add(x, to: residual, dropout: dropout, pass)
      return (sum, self(sum, residual: nil, dropout: 0, adapters, pass))
    }
    return sumAndNorm(
      x, residual: residual, gain: adapters[gain], bias: bias.map { adapters[$0] }, eps: eps, dropout: dropout, pass)
  }
}
