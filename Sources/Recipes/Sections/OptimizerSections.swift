/// The optimizer's keys in the recipe's section "training". To add an optimizer: a case of `OptimizerType`, and its keys
/// as an `OptimizerSection` of its settings.
import Training

/// The settings of one optimization algorithm, which declare their keys.
protocol OptimizerSection: OptimizerAlgorithm {
  mutating func declare(_ fields: Fields)
}

/// The values of the key "optimizer".
enum OptimizerType: String, CaseIterable {
  case adamw, sgd, lion, adafactor

  fileprivate var defaults: any OptimizerSection {
    switch self {
    case .adamw: AdamWSettings()
    case .sgd: SGDSettings()
    case .lion: LionSettings()
    case .adafactor: AdafactorSettings()
    }
  }

  fileprivate init(of algorithm: any OptimizerAlgorithm) {
    guard let found = Self.allCases.first(where: { type(of: $0.defaults) == type(of: algorithm) }) else {
      preconditionFailure("\(type(of: algorithm)) is no recipe's optimizer")
    }
    self = found
  }
}

extension AdamWSettings: OptimizerSection {
  mutating func declare(_ fields: Fields) {
    fields.field("adam_beta1", &beta1, .number(0..<1), "Decay of the first moment.")
    fields.field("adam_beta2", &beta2, .number(0..<1), "Decay of the second moment.")
    fields.field("adam_epsilon", &epsilon, .number(above: 0), "Added to the denominator.")
  }
}

extension SGDSettings: OptimizerSection {
  mutating func declare(_ fields: Fields) {
    fields.field("sgd_momentum", &momentum, .number(0..<1), "Momentum.")
    fields.field("sgd_nesterov", &nesterov, .bool, "Nesterov momentum.")
    fields.check(!nesterov || momentum > 0, "sgd_nesterov", expected: "false, or a 'sgd_momentum' above 0")
  }
}

extension LionSettings: OptimizerSection {
  mutating func declare(_ fields: Fields) {
    fields.field("lion_beta1", &beta1, .number(0..<1), "Weight of the momentum in the step's direction.")
    fields.field("lion_beta2", &beta2, .number(0..<1), "Decay of the momentum.")
  }
}

extension AdafactorSettings: OptimizerSection {
  mutating func declare(_ fields: Fields) {}
}

extension OptimizerSettings {
  /// The algorithm's name in a recipe.
  var type: OptimizerType { OptimizerType(of: algorithm) }

  mutating func declare(_ fields: Fields) {
    var variant = type
    let current = algorithm
    fields.choice("optimizer", &variant, isRequired: false, "Optimization algorithm.") { variant, fields in
      let isCurrent = variant == OptimizerType(of: current)
      guard var section = isCurrent ? current as? any OptimizerSection : variant.defaults else { return }
      section.declare(fields)
      if fields.isReading { algorithm = section }
    }
    fields.field(
      "weight_decay", &weightDecay, .number(0...), "Decoupled weight decay of matrices; not of biases and LayerNorm.")
    fields.field(
      "max_grad_norm", &maxGradNorm, .orNull(.number(above: 0)), "Clips the global gradient norm; null: no clipping.")
  }
}
