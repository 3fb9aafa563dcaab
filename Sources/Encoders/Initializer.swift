/// Initialization of new weights. Random values depend only on the seed and the weight's name.
package import Autograd
import Hashing

package enum Initializer: Sendable {
  case zero
  case one
  /// Normal with mean 0 and this standard deviation.
  case normal(Double)
  /// Uniform between -limit and limit.
  case uniform(Double)

  package func fill(_ parameter: Parameter, seed: UInt64) {
    var generator = SplitMix64(seed: seed ^ fnv1a(parameter.name))
    for index in 0..<parameter.count {
      parameter.pointer[index] =
        switch self {
        case .zero: 0
        case .one: 1
        case .normal(let deviation): Float(generator.normal() * deviation)
        case .uniform(let limit): Float((generator.uniform() * 2 - 1) * limit)
        }
    }
  }
}
