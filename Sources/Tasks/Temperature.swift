/// Temperature scaling (Guo et al. 2017): logits are divided by one number, so that probabilities are as often right as they
/// say. The order of labels does not change.
import Glibc

package enum TemperatureChoice: Sendable, Equatable {
  case fixed(Double)
  /// The one with the least negative log-likelihood on dev.
  case dev

  /// The temperature before dev has been seen.
  var start: Double { if case .fixed(let temperature) = self { temperature } else { 1 } }

  /// - Throws: `TaskFault.noDev`.
  func check(_ data: TaskData) throws(TaskFault) {
    if self == .dev, data.paths(.dev).isEmpty { throw .noDev(key: "temperature") }
  }
}

/// The temperature from 0.05 to 20 with the least loss, to six digits; 1 if none is better.
///
/// - Parameter loss: has one minimum, as a negative log-likelihood, which is convex in 1/T.
func bestTemperature(_ loss: (Double) -> Double) -> Double {
  // Golden-section search over log T.
  let ratio = (sqrt(5) - 1) / 2
  var low = log(0.05), high = log(20.0)
  var left = high - ratio * (high - low), right = low + ratio * (high - low)
  var leftLoss = loss(exp(left)), rightLoss = loss(exp(right))
  while high - low > 1e-7 {
    if leftLoss <= rightLoss {
      (high, right, rightLoss) = (right, left, leftLoss)
      left = high - ratio * (high - low)
      leftLoss = loss(exp(left))
    } else {
      (low, left, leftLoss) = (left, right, rightLoss)
      right = low + ratio * (high - low)
      rightLoss = loss(exp(right))
    }
  }
  let found = (exp((low + high) / 2) * 1e6).rounded() / 1e6
  return loss(found) < loss(1) ? found : 1
}

/// -log p, finite also for p = 0.
func surprise(_ probability: Double) -> Double { -log(max(probability, Double.leastNormalMagnitude)) }
