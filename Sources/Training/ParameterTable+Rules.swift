/// Computes each parameter's rule from the recipe's groups and the method's learning-rate factor.
import Autograd

extension ParameterTable {
  /// The rules of the parameters, in the table's order.
  /// - Parameter factor: the method's learning-rate factor of a parameter (layer-wise decay, LoRA+).
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
      let learningRateFactor =
        switch group?.learningRate {
        case .peak(let peak): peak / settings.learningRate
        case .ratio(let ratio): ratio * factor(parameter)
        case nil: factor(parameter)
        }
      let weightDecay = group?.weightDecay ?? settings.optimizer.weightDecay
      return ParameterRule(
        learningRateFactor: learningRateFactor, weightDecay: hasWeightDecay(parameter.name) ? weightDecay : 0)
    }
  }
}
