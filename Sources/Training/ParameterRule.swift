/// The learning-rate factor and weight decay of each parameter, and layer-wise learning-rate decay.
import Autograd
import Encoders

/// The optimizer options of one parameter (torch's per-parameter options).
package struct ParameterRule: Sendable, Equatable {
  /// Multiplies the schedule's learning rate.
  package var learningRateFactor = 1.0
  /// Decoupled: each step multiplies the weight by 1 − learning rate · weight decay.
  package var weightDecay = 0.0

  package init(learningRateFactor: Double = 1, weightDecay: Double = 0) {
    (self.learningRateFactor, self.weightDecay) = (learningRateFactor, weightDecay)
  }
}

/// Whether weight decay applies to a parameter of this name: not to biases and LayerNorms, as in transformers' Trainer.
/// It does apply to an adapter's vectors, such as DoRA's magnitudes; docs/methods.md lists them.
func hasWeightDecay(_ name: String) -> Bool {
  !name.hasSuffix(".bias") && !name.contains(".bias_") && !name.contains("LayerNorm") && !name.contains("layer_norm")
    && !name.split(separator: ".").contains { $0 == "norm" || $0.hasSuffix("_norm") }
}

/// The factor of layer-wise learning-rate decay (Howard & Ruder 2018; exponents as in BEiT): 1 for the head, `decay`
/// for the last layer, `decay` times the next layer's for earlier layers, and `decay`^(layers + 1) for the embeddings.
/// - Parameters:
///   - name: a parameter's name, such as `bert.encoder.layer.3.attention.self.query.weight`.
///   - layers: the number of encoder layers.
package func layerDecayFactor(_ name: String, decay: Double, layers: Int) -> Double {
  let depth = depth(of: name, layers: layers)
  return (depth..<max(depth, layers)).reduce(1.0) { factor, _ in factor * decay }
}
