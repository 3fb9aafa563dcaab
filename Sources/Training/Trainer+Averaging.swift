/// Decides when the weight average is updated, evaluated and loaded into the model.
import Autograd

extension Trainer {
  /// For `Averaging.last`: how many of the last evaluations have been reached.
  private var evaluationsAveraged: Int {
    guard case .last(let count) = settings.average else { return 0 }
    return max(0, evaluationCount(until: state.step) - max(0, evaluationCount(until: steps) - count))
  }

  /// Updates an exponential average; called after every step.
  func averageAfterStep() {
    guard case .exponential(let decay) = settings.average else { return }
    average?.moveTowardsWeights(by: state.step == 1 ? 1 : 1 - decay, replicas)
  }

  /// Updates an average over the last evaluation points; called at every one.
  func averageAtEvaluation() {
    if evaluationsAveraged > 0 { average?.moveTowardsWeights(by: 1 / Double(evaluationsAveraged), replicas) }
  }

  /// Runs `body` with the weights that are evaluated: the exponential average, if there is one.
  func withAveragedWeights<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard case .exponential = settings.average, let average else { return try body() }
    average.swap(replicas)
    defer { average.swap(replicas) }
    return try body()
  }

  /// Exchanges the current weights with the final ones: the mean over the last evaluation points, the best weights so far,
  /// or the exponential average. Without any of these the model keeps its current weights. A second call undoes the first.
  package func exchangeBestWeights() {
    if state.bestWeights != nil {
      table.exchangeValues(with: &state.bestWeights!)
    } else if case .exponential = settings.average, state.step > 0 {
      average?.swap(replicas)
    } else if evaluationsAveraged > 0 {
      average?.swap(replicas)
    }
  }
}
