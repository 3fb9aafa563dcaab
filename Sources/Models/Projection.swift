/// A learned matrix with an empty seam. Does not know what may sit in the seam.
public import Autograd
import Kernels

/// y = x·Wᵀ + b (+ what the adapter adds).
/// Sendable: read during a step; the seam is assigned between passes.
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

  public var inputs: Int { weight.columns }
  public var outputs: Int { weight.rows }
  var part: LinearPart { LinearPart(weight: weight, bias: bias) }
}

/// Projections of one input as one product, their outputs side by side; often just one.
final class JoinedProjection: Sendable {
  let parts: [Projection]

  init(parts: [Projection]) { self.parts = parts }

  convenience init(_ part: Projection) { self.init(parts: [part]) }

  /// The product reads numbers of `precision`.
  func callAsFunction(_ x: Tensor, precision: Precision = .fp32, _ pass: Pass) -> Tensor {
    linear(x, parts.map(\.part), precision: precision, adapters: parts.map(\.adapter), pass)
  }
}
