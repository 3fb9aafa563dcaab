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
/// Sendable: read during a step; its precision is chosen between steps.
final class JoinedProjection: @unchecked Sendable {
  let parts: [Projection]
  private(set) var precision = Precision.fp32

  init(parts: [Projection]) { self.parts = parts }

  convenience init(_ part: Projection) { self.init(parts: [part]) }

  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    linear(x, parts.map(\.part), precision: precision, adapters: parts.map(\.adapter), pass)
  }

  /// Chooses what the product reads; in bf16, weights that stay as they are (`isFixed`) are kept so.
  func use(_ precision: Precision, isFixed: Bool) {
    self.precision = precision
    let weights = parts.map(\.weight)
    guard precision == .bf16, isFixed, !weights.contains(where: { $0.isTrainable || $0.isHalf }) else { return }
    Parameter.narrow(weights)
  }
}
