/// Lion (Chen et al. 2023, algorithm 2), as the package lion-pytorch: the update is a sign, so that every weight moves
/// by the learning rate. Its state takes 4 bytes per parameter. The paper recommends a learning rate 3 to 10 times
/// smaller than AdamW's, and a weight decay larger by the same factor.
import Autograd
import CKernels

struct Lion: Optimizer {
  let beta1, beta2: Double
  private let expAvg: StateBuffer

  init(_ table: ParameterTable, beta1: Double, beta2: Double) {
    (self.beta1, self.beta2) = (beta1, beta2)
    expAvg = StateBuffer("momentum", count: table.count)
  }

  var state: [StateBuffer] { [expAvg] }

  func update(_ step: UpdateContext) {
    step.forEachChunk { chunk in
      tune_lion(
        chunk.weights, chunk.gradients, expAvg.pointer + chunk.offset, chunk.count, Float(step.clipFactor),
        Float(chunk.learningRate), Float(beta1), Float(beta2), Float(chunk.decayFactor))
    }
  }
}
