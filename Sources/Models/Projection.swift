/// A linear layer with an adapter slot. Does not know any adapter.
public import Autograd
import Kernels

/// y = x·Wᵀ + b, changed by the adapter if there is one.
/// Sendable: read during a step; the adapter slot is assigned between passes.
public final class Projection: @unchecked Sendable {
  /// The module's path as on the Hub: `bert.encoder.layer.0.attention.self.query`.
  public let name: String
  public let weight: Parameter
  public let bias: Parameter
  public var adapter: (any ProjectionAdapter)?

  public init(_ name: String, weight: Parameter, bias: Parameter) {
    self.name = name
    self.weight = weight
    self.bias = bias
  }

  /// Input features.
  public var inputs: Int { weight.columns }
  /// Output features.
  public var outputs: Int { weight.rows }
  var part: LinearWeights { LinearWeights(weight: weight, bias: bias) }
}

/// One or more projections of the same input, computed with one GEMM, their outputs side by side.
final class JoinedProjection: Sendable {
  let parts: [Projection]

  init(parts: [Projection]) { self.parts = parts }

  convenience init(_ part: Projection) { self.init(parts: [part]) }

  /// - Parameter precision: of the GEMM's operands.
  func callAsFunction(_ x: Tensor, precision: Precision = .fp32, _ pass: Pass) -> Tensor {
    linear(x, parts.map(\.part), precision: precision, adapters: parts.map(\.adapter), pass)
  }
}
