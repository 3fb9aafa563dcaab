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
