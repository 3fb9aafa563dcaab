/// A learned matrix with an empty seam. Does not know what may sit in the seam.
public import Autograd

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

  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor { linear(x, [part], adapters: [adapter], pass) }
}

/// Several projections of one input as one product, their outputs side by side.
public struct JoinedProjection: Sendable {
  let parts: [Projection]

  func callAsFunction(_ x: Tensor, _ pass: Pass) -> Tensor {
    linear(x, parts.map(\.part), adapters: parts.map(\.adapter), pass)
  }
}
