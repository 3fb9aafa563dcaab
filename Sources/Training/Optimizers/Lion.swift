/// Lion (Chen et al. 2023, algorithm 2), as the package lion-pytorch: the update is a sign, so that every weight moves
/// by the learning rate. Its state takes 4 bytes per parameter. The paper recommends a learning rate 3 to 10 times
/// smaller than AdamW's, and a weight decay larger by the same factor.
package import Autograd
import CKernels

package struct LionSettings: OptimizerAlgorithm {
  /// The weight of the momentum in the step's direction, and the momentum's decay.
  package var beta1, beta2: Double

  package init(beta1: Double = 0.9, beta2: Double = 0.99) { (self.beta1, self.beta2) = (beta1, beta2) }

  package func makeOptimizer(_ table: ParameterTable) -> any Optimizer { Lion(self, table) }
}

private struct Lion: Optimizer {
  let settings: LionSettings
  let expAvg: StateBuffer

  init(_ settings: LionSettings, _ table: ParameterTable) {
    self.settings = settings
    expAvg = StateBuffer("momentum", count: table.count)
  }

  var state: [StateBuffer] { [expAvg] }

  func update(_ step: UpdateContext) {
    step.forEachChunk { chunk in
      tune_lion(
        chunk.weights, chunk.gradients, expAvg.pointer + chunk.offset, chunk.count, Float(step.clipFactor),
        Float(chunk.learningRate), Float(settings.beta1), Float(settings.beta2), Float(chunk.decayFactor))
    }
  }
}
