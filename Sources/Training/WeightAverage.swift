/// A second set of weights, a mean of the first over time, as torch.optim.swa_utils.AveragedModel keeps one.
import Autograd
import CKernels

/// What is kept instead of the weights themselves.
public enum Averaging: Sendable, Equatable {
  /// After each step, decay · average + (1 − decay) · weights; after the first, the weights. It is what is evaluated.
  case exponential(decay: Double)
  /// The mean of the weights at the last so many evaluations, or epochs' ends. No evaluation chooses a best then.
  case last(Int)
}

struct WeightAverage {
  let state: OptimizerState
  private let pieces: [Chunk]

  init(_ table: ParameterTable) {
    state = OptimizerState("average", count: table.count)
    pieces = table.chunks
  }

  /// Moves the average towards the weights by `share` of the way; 1: to them.
  func moveTowardsWeights(by share: Double, _ replicas: Replicas) {
    replicas.forEach(pieces.count) { index, _ in
      let piece = pieces[index]
      tune_lerp(state.pointer + piece.offset, piece.weights, piece.count, Float(share))
    }
  }

  /// Exchanges the weights and the average.
  func swap(_ replicas: Replicas) {
    replicas.forEach(pieces.count) { index, _ in
      let piece = pieces[index]
      tune_swap(state.pointer + piece.offset, piece.weights, piece.count)
    }
  }

  /// Puts the average into the weights' place.
  func copyToWeights() {
    for piece in pieces { piece.weights.update(from: state.pointer + piece.offset, count: piece.count) }
  }
}

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
