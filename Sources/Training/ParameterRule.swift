/// How fast each parameter learns and decays, as a factor of the run's own pace.
import Autograd
import Models

/// What the steps are for one parameter.
public struct ParameterRule: Sendable, Equatable {
  /// The learning rate is the schedule's times this.
  public var learningRateFactor = 1.0
  /// A weight loses this share of itself times its rate at each step.
  public var weightDecay = 0.0

  public init(rate: Double = 1, decay: Double = 0) { (self.learningRateFactor, self.weightDecay) = (rate, decay) }
}

/// Biases and LayerNorm's weights do not decay, as in transformers' Trainer.
func decays(_ name: String) -> Bool {
  !name.hasSuffix(".bias") && !name.contains("LayerNorm") && !name.contains("layer_norm")
}

/// Layer-wise decay of the learning rate (Howard & Ruder 2018; exponents as BEiT's): the head 1, the last layer `decay`,
/// each layer before it `decay` of the next, the embeddings `decay`^(layers + 1).
/// - Parameters:
///   - name: a parameter's, `bert.encoder.layer.3.attention.self.query.weight`.
///   - layers: of the encoder.
public func layerDecayFactor(_ name: String, decay: Double, layers: Int) -> Double {
  let depth = depth(of: name, layers: layers)
  return (depth..<max(depth, layers)).reduce(1.0) { factor, _ in factor * decay }
}
