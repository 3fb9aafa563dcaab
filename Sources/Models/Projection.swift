/// A linear layer: an adapter slot, which a pass finds by the layer's identity. Does not know any adapter.
public import Autograd
import Kernels

/// y = x·Wᵀ + b, changed by the adapters of the pass.
public final class Projection: Sendable {
  /// The module's path as on the Hub: `bert.encoder.layer.0.attention.self.query`.
  public let name: String
  public let weight: Parameter
  public let bias: Parameter

  public init(_ name: String, weight: Parameter, bias: Parameter) {
    self.name = name
    self.weight = weight
    self.bias = bias
  }

  /// Input features.
  public var inputs: Int { weight.columns }
  /// Output features.
  public var outputs: Int { weight.rows }

  /// A copy of the weight and the bias, which may be trained without changing this projection.
  public var copy: Projection { Projection(name, weight: weight.copy(), bias: bias.copy()) }
}

/// One or more projections of the same input, computed with one GEMM, their outputs side by side.
final class JoinedProjection: Sendable {
  let parts: [Projection]

  init(parts: [Projection]) { self.parts = parts }

  convenience init(_ part: Projection) { self.init(parts: [part]) }

  /// - Parameter precision: of the GEMM's operands.
  func callAsFunction(_ x: Tensor, precision: Precision = .fp32, _ adapters: RowAdapters, _ pass: Pass) -> Tensor {
    linear(
      x, parts.map(adapters.weights), precision: precision, adapters: adapters.isEmpty ? [] : parts.map(adapters.of),
      pass)
  }
}
