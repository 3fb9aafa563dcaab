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
  let memory: Memory
  private let pieces: [Piece]

  init(_ table: ParameterTable) {
    memory = Memory("average", count: table.count)
    pieces = table.pieces
  }

  /// Moves the average towards the weights by `share` of the way; 1: to them.
  func approach(_ share: Double, _ replicas: Replicas) {
    replicas.forEach(pieces.count) { index, _ in
      let piece = pieces[index]
      tune_lerp(memory.pointer + piece.offset, piece.weights, piece.count, Float(share))
    }
  }

  /// Exchanges the weights and the average.
  func swap(_ replicas: Replicas) {
    replicas.forEach(pieces.count) { index, _ in
      let piece = pieces[index]
      tune_swap(memory.pointer + piece.offset, piece.weights, piece.count)
    }
  }

  /// Puts the average into the weights' place.
  func take() {
    for piece in pieces { piece.weights.update(from: memory.pointer + piece.offset, count: piece.count) }
  }
}

extension Trainer {
  /// Steps between the points at which weights are evaluated, or enter a mean.
  var pointSteps: Int { settings.evaluateEvery ?? epochSteps }

  /// Of the last points that are averaged, how many have been reached.
  private var pointsAveraged: Int {
    guard case .last(let count) = settings.average else { return 0 }
    let all = (steps + pointSteps - 1) / pointSteps
    return max(0, (state.step == steps ? all : state.step / pointSteps) - max(0, all - count))
  }

  /// After a step.
  func averageStep() {
    guard case .exponential(let decay) = settings.average else { return }
    average?.approach(state.step == 1 ? 1 : 1 - decay, replicas)
  }

  /// At a point.
  func averagePoint() {
    if pointsAveraged > 0 { average?.approach(1 / Double(pointsAveraged), replicas) }
  }

  /// Runs `body` with the weights in the model that are evaluated.
  func showingAverage<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard case .exponential = settings.average, let average else { return try body() }
    average.swap(replicas)
    defer { average.swap(replicas) }
    return try body()
  }

  /// Puts the weights that are kept into the model: the mean of the last points, or the best so far, or the running
  /// average, or what is there.
  public func takeBest() {
    if let best = state.bestWeights {
      table.values = best
    } else if case .exponential = settings.average, state.step > 0 {
      average?.take()
    } else if pointsAveraged > 0 {
      average?.take()
    }
  }
}
