/// AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW. Its state takes 8 bytes per parameter.
import Autograd
import CKernels
import Glibc

struct AdamW: Optimizer {
  let beta1, beta2, epsilon: Double
  private let expAvg, expAvgSq: StateBuffer

  init(_ table: ParameterTable, beta1: Double, beta2: Double, epsilon: Double) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    expAvg = StateBuffer("first_moment", count: table.count)
    expAvgSq = StateBuffer("second_moment", count: table.count)
  }

  var state: [StateBuffer] { [expAvg, expAvgSq] }

  func update(_ step: UpdateContext) {
    let biasCorrection1 = 1 - pow(beta1, Double(step.number)), biasCorrection2 = 1 - pow(beta2, Double(step.number))
    step.forEachChunk { chunk in
      tune_adamw(
        chunk.weights, chunk.gradients, expAvg.pointer + chunk.offset, expAvgSq.pointer + chunk.offset, chunk.count,
        Float(step.clipFactor), Float(chunk.learningRate / biasCorrection1), Float(biasCorrection2.squareRoot()),
        Float(beta1), Float(beta2), Float(epsilon), Float(chunk.decayFactor))
    }
  }
}
