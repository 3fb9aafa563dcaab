/// The optimizer and its hyperparameters.
import Autograd

public struct OptimizerSettings: Sendable, Equatable {
  public enum Algorithm: Sendable, Equatable {
    case adamW(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8)
    case sgd(momentum: Double = 0.9, nesterov: Bool = false)
    case lion(beta1: Double = 0.9, beta2: Double = 0.99)
    case adafactor
  }

  public var algorithm = Algorithm.adamW()
  /// Decoupled for every optimizer: each step multiplies matrices by 1 − learning rate · weight decay.
  public var weightDecay = 0.01
  /// The maximum global gradient norm; nil: no clipping.
  public var maxGradNorm: Double? = 1

  public init() {}

  func make(_ table: ParameterTable) -> any Optimizer {
    switch algorithm {
    case .adamW(let beta1, let beta2, let epsilon): AdamW(table, beta1: beta1, beta2: beta2, epsilon: epsilon)
    case .sgd(let momentum, let nesterov): SGD(table, momentum: momentum, nesterov: nesterov)
    case .lion(let beta1, let beta2): Lion(table, beta1: beta1, beta2: beta2)
    case .adafactor: Adafactor(table)
    }
  }
}
