/// Lion (Chen et al. 2023, algorithm 2), as the package lion-pytorch: every weight moves by the rate, only the direction is
/// learned. 4 bytes a parameter. Wants a rate 3 to 10 times smaller than AdamW's, and a decay as many times larger.
import Autograd
import CKernels

struct Lion: Optimizer {
  let beta1, beta2: Double
  private let momentum: OptimizerState

  init(_ table: ParameterTable, beta1: Double, beta2: Double) {
    (self.beta1, self.beta2) = (beta1, beta2)
    momentum = OptimizerState("momentum", count: table.count)
  }

  var state: [OptimizerState] { [momentum] }

  func update(_ step: UpdateContext) {
    step.forEachChunk { stretch in
      tune_lion(
        stretch.weights, stretch.gradients, momentum.pointer + stretch.offset, stretch.count, Float(step.clip),
        Float(stretch.learningRate), Float(beta1), Float(beta2), Float(stretch.decayFactor))
    }
  }
}
