/// A bottleneck adapter: a small feed-forward network after a sublayer (Houlsby et al. 2019; Pfeiffer et al. 2020).
import Autograd
import Encoders
import Kernels

/// y = norm(h + s·dropout(f(g·Dᵀ + d)·Uᵀ + u) + x)        D [m, hidden], d [m]   U [hidden, m], u [hidden]
/// where g = h, or norm(h + x) with `normsBefore`. x and h are the arguments of `ResidualAdapter`.
final class Bottleneck: ResidualAdapter {
  let down, up: LinearWeights
  private let config: BottleneckConfig

  /// - Parameter path: the module's path in the adapter file.
  init(_ path: String, hiddenSize: Int, _ config: BottleneckConfig) {
    self.config = config
    let size = config.bottleneckSize(hiddenSize: hiddenSize)
    down = LinearWeights(
      weight: Parameter(path + ".adapter_down.0.weight", shape: [size, hiddenSize]),
      bias: Parameter(path + ".adapter_down.0.bias", shape: [size]))
    up = LinearWeights(
      weight: Parameter(path + ".adapter_up.weight", shape: [hiddenSize, size]),
      bias: Parameter(path + ".adapter_up.bias", shape: [hiddenSize]))
  }

  var parameters: [Parameter] { [down, up].flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) } }

  /// Matrices from a normal distribution with standard deviation 0.02 (`init_weights` "bert"); biases zero.
  func initialize(seed: UInt64) { for part in [down, up] { Initializer.normal(0.02).fill(part.weight, seed: seed) } }

  func callAsFunction(
    _ h: Tensor, residual x: Tensor, precision: Precision, norm: (Tensor, Tensor) -> Tensor, _ pass: Pass
  ) -> Tensor {
    let input = config.normsBefore ? norm(h, x) : h
    let down = linear(input, [down], precision: precision, pass)
    let hidden = activate(down, config.nonLinearity.activation, precision: precision, pass)
    let update = dropout(linear(hidden, [up], precision: precision, pass), config.dropout, pass)
    return norm(addScaled(h, update, by: Float(config.scaling), pass), x)
  }
}
