/// When the averaged weights are updated, evaluated and saved.
import Autograd

extension Trainer {
  /// Steps between the points at which weights are evaluated, or enter a mean.
  var stepsBetweenEvaluations: Int { settings.evalSteps ?? stepsPerEpoch }

  /// Of the last points that are averaged, how many have been reached.
  private var evaluationsAveraged: Int {
    guard case .last(let count) = settings.average else { return 0 }
    let all = (steps + stepsBetweenEvaluations - 1) / stepsBetweenEvaluations
    return max(0, (state.step == steps ? all : state.step / stepsBetweenEvaluations) - max(0, all - count))
  }

  /// After a step.
  func averageAfterStep() {
    guard case .exponential(let decay) = settings.average else { return }
    average?.moveTowardsWeights(by: state.step == 1 ? 1 : 1 - decay, replicas)
  }

  /// At a point.
  func averageAtEvaluation() {
    if evaluationsAveraged > 0 { average?.moveTowardsWeights(by: 1 / Double(evaluationsAveraged), replicas) }
  }

  /// Runs `body` with the weights in the model that are evaluated.
  func withAveragedWeights<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard case .exponential = settings.average, let average else { return try body() }
    average.swap(replicas)
    defer { average.swap(replicas) }
    return try body()
  }

  /// Puts the weights that are kept into the model: the mean of the last points, or the best so far, or the running
  /// average, or what is there.
  public func loadBestWeights() {
    if let best = state.bestWeights {
      table.values = best
    } else if case .exponential = settings.average, state.step > 0 {
      average?.copyToWeights()
    } else if evaluationsAveraged > 0 {
      average?.copyToWeights()
    }
  }
}
