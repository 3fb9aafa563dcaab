/// A small feed-forward of its own behind a sublayer (Houlsby et al. 2019; Pfeiffer et al. 2020).
import Autograd
import Kernels
import Models

/// y = norm(h + s·dropout(f(g·Dᵀ + d)·Uᵀ + u) + x)        D [m, width], d [m]   U [width, m], u [width]
/// where g = h, or with `normsBefore` norm(h + x). Of x and h: see `ResidualAdapter`.
/// Sendable: read during a step; its parameters are written between steps.
final class Bottleneck: ResidualAdapter, @unchecked Sendable {
  let down, up: LinearPart
  private let config: BottleneckConfig

  /// - Parameter path: of the module, as in the file.
  init(_ path: String, width: Int, _ config: BottleneckConfig) {
    self.config = config
    let size = config.size(of: width)
    down = LinearPart(
      weight: Parameter(path + ".adapter_down.0.weight", shape: [size, width]),
      bias: Parameter(path + ".adapter_down.0.bias", shape: [size]))
    up = LinearPart(
      weight: Parameter(path + ".adapter_up.weight", shape: [width, size]),
      bias: Parameter(path + ".adapter_up.bias", shape: [width]))
  }

  var parameters: [Parameter] { [down, up].flatMap { [$0.weight] + ($0.bias.map { [$0] } ?? []) } }

  /// Matrices normal with 0.02, as the library's "bert" has it; biases zero.
  func initialize(seed: UInt64) { for part in [down, up] { Initializer.normal(0.02).fill(part.weight, seed: seed) } }

  func callAsFunction(
    _ h: Tensor, residual x: Tensor, precision: Precision, norm: (Tensor, Tensor) -> Tensor, _ pass: Pass
  ) -> Tensor {
    let input = config.normsBefore ? norm(h, x) : h
    let narrow = linear(input, [down], precision: precision, pass)
    let hidden = activate(narrow, config.nonLinearity.activation, precision: precision, pass)
    let made = dropout(linear(hidden, [up], precision: precision, pass), config.dropout, pass)
    return norm(addScaled(h, made, by: Float(config.scaling), pass), x)
  }
}
