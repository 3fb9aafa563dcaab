/// AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW: 8 bytes a parameter.
import Autograd
import CKernels
import Glibc

struct AdamW: Optimizer {
  let beta1, beta2, epsilon: Double
  private let first, second: OptimizerState

  init(_ table: ParameterTable, beta1: Double, beta2: Double, epsilon: Double) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    first = OptimizerState("first_moment", count: table.count)
    second = OptimizerState("second_moment", count: table.count)
  }

  var state: [OptimizerState] { [first, second] }

  func update(_ step: UpdateContext) {
    let correction1 = 1 - pow(beta1, Double(step.number)), correction2 = 1 - pow(beta2, Double(step.number))
    step.forEachChunk { stretch in
      tune_adamw(
        stretch.weights, stretch.gradients, first.pointer + stretch.offset, second.pointer + stretch.offset,
        stretch.count, Float(step.clip), Float(stretch.learningRate / correction1), Float(correction2.squareRoot()),
        Float(beta1), Float(beta2), Float(epsilon), Float(stretch.decayFactor))
    }
  }
}
