/// AdamW (Loshchilov & Hutter 2019), as torch.optim.AdamW. Its state takes 8 bytes per parameter.
package import Autograd
import CKernels
import Glibc

package struct AdamWSettings: OptimizerAlgorithm {
  /// Decay of the first and of the second moment.
  package var beta1, beta2: Double
  /// Added to the denominator.
  package var epsilon: Double

  package init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
  }

  package func makeOptimizer(_ table: ParameterTable) -> any Optimizer { AdamW(self, table) }
}

private struct AdamW: Optimizer {
  let settings: AdamWSettings
  let expAvg, expAvgSq: StateBuffer

  init(_ settings: AdamWSettings, _ table: ParameterTable) {
    self.settings = settings
    expAvg = StateBuffer("first_moment", count: table.count)
    expAvgSq = StateBuffer("second_moment", count: table.count)
  }

  var state: [StateBuffer] { [expAvg, expAvgSq] }

  func update(_ step: UpdateContext) {
    let (beta1, beta2) = (settings.beta1, settings.beta2)
    let biasCorrection1 = 1 - pow(beta1, Double(step.number)), biasCorrection2 = 1 - pow(beta2, Double(step.number))
    step.forEachChunk { chunk in
      tune_adamw(
        chunk.weights, chunk.gradients, expAvg.pointer + chunk.offset, expAvgSq.pointer + chunk.offset, chunk.count,
        Float(step.clipFactor), Float(chunk.learningRate / biasCorrection1), Float(biasCorrection2.squareRoot()),
        Float(beta1), Float(beta2), Float(settings.epsilon), Float(chunk.decayFactor))
    }
  }
}
