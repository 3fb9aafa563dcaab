/// A linear layer: an adapter slot, which a pass finds by the layer's identity. Does not know any adapter.
public import Autograd

/// y = x·Wᵀ + b, changed by the adapters of the pass.
public final class Projection: Sendable {
  /// The module's path as on the Hub: `bert.encoder.layer.0.attention.self.query`.
  public let name: String
  public let weight: Parameter
  /// nil: the layer has none.
  public let bias: Parameter?

  public init(_ name: String, weight: Parameter, bias: Parameter?) {
    self.name = name
    self.weight = weight
    self.bias = bias
  }

  /// Weight and bias.
  public var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  /// Input features.
  public var inputs: Int { weight.columns }
  /// Output features.
  public var outputs: Int { weight.rows }

  /// A copy of the weight and the bias, which may be trained without changing this projection.
  public var copy: Projection { Projection(name, weight: weight.copy(), bias: bias?.copy()) }
}
