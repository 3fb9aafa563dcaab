/// What a new weight starts from: chance that depends on the seed and the weight's name, and on nothing else.
public import Autograd
import Hashing

public enum Initializer: Sendable {
  case zero
  case one
  /// Normal with this standard deviation, mean 0.
  case normal(Double)
  /// Uniform between -limit and limit.
  case uniform(Double)

  public func fill(_ parameter: Parameter, seed: UInt64) {
    var generator = SplitMix64(seed: seed ^ fnv1a(parameter.name))
    for index in 0..<parameter.count {
      parameter.pointer[index] =
        switch self {
        case .zero: 0
        case .one: 1
        case .normal(let deviation): Float(generator.normal() * deviation)
        case .uniform(let limit): Float((generator.unit() * 2 - 1) * limit)
        }
    }
  }
}
