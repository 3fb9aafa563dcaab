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

extension ParameterTable {
  /// The rules of the parameters, in order.
  /// - Parameter factor: of a parameter's rate, from the method that trains it; layer-wise decay, LoRA+.
  /// - Throws: `GroupFault`.
  func rules(
    _ settings: TrainingSettings, factor: (Parameter) -> Double = { _ in 1 }
  ) throws -> [ParameterRule] {
    let names = parameters.map(\.name)
    var groups: [String: ParameterGroup] = [:]
    for (index, group) in settings.groups.enumerated() {
      let matched = try group.matches(among: names, index)
      let new = matched.filter { groups[$0] == nil }
      if new.isEmpty { throw GroupFault.taken(group: index) }
      for name in new { groups[name] = group }
    }
    return parameters.map { parameter in
      let group = groups[parameter.name]
      let rate =
        switch group?.learningRate {
        case .peak(let peak): peak / settings.learningRate
        case .ratio(let ratio): ratio * factor(parameter)
        case nil: factor(parameter)
        }
      let decay = group?.weightDecay ?? settings.optimizer.weightDecay
      return ParameterRule(rate: rate, decay: decays(parameter.name) ? decay : 0)
    }
  }
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
