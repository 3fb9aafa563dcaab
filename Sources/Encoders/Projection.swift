/// A linear layer: an adapter slot, which a pass finds by the layer's identity. Does not know any adapter.
package import Autograd

/// y = x·Wᵀ + b, changed by the adapters of the pass.
package final class Projection: Sendable {
  /// The module's path as on the Hub: `bert.encoder.layer.0.attention.self.query`.
  package let name: String
  package let weight: Parameter
  /// nil: the layer has none.
  package let bias: Parameter?

  package init(_ name: String, weight: Parameter, bias: Parameter?) {
    self.name = name
    self.weight = weight
    self.bias = bias
  }

  /// Weight and bias.
  package var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  /// Input features.
  package var inputs: Int { weight.columns }
  /// Output features.
  package var outputs: Int { weight.rows }

  /// A copy of the weight and the bias, which may be trained without changing this projection.
  package var copy: Projection { Projection(name, weight: weight.copy(), bias: bias?.copy()) }
}
