/// An average of the weights over time, like torch.optim.swa_utils.AveragedModel.
import Autograd
import CKernels

package enum Averaging: Sendable, Equatable {
  /// decay · average + (1 − decay) · weights after each step; the weights after the first. The average is evaluated.
  case exponential(decay: Double)
  /// The mean of the weights at the last so many evaluation points. No evaluation selects best weights.
  case last(Int)
}

struct WeightAverage {
  let state: StateBuffer
  private let chunks: [Chunk]

  init(_ table: ParameterTable) {
    state = StateBuffer("average", count: table.count)
    chunks = table.chunks
  }

  /// average + fraction · (weights − average); 1 copies the weights.
  func moveTowardsWeights(by fraction: Double, _ replicas: Replicas) {
    replicas.forEach(chunks.count) { index, _ in
      let chunk = chunks[index]
      tune_lerp(state.pointer + chunk.offset, chunk.weights, chunk.count, Float(fraction))
    }
  }

  /// Exchanges the weights and the average.
  func swap(_ replicas: Replicas) {
    replicas.forEach(chunks.count) { index, _ in
      let chunk = chunks[index]
      tune_swap(state.pointer + chunk.offset, chunk.weights, chunk.count)
    }
  }
}
