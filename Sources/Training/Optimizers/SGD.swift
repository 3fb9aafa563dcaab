/// Stochastic gradient descent with momentum, as torch.optim.SGD without dampening, but with decoupled weight decay
/// (torch adds it to the gradient). Its state takes 4 bytes per parameter, none without momentum.
package import Autograd
import CKernels

package struct SGDSettings: OptimizerAlgorithm {
  package var momentum: Double
  package var nesterov: Bool

  package init(momentum: Double = 0.9, nesterov: Bool = false) { (self.momentum, self.nesterov) = (momentum, nesterov) }

  package func makeOptimizer(_ table: ParameterTable) -> any Optimizer { SGD(self, table) }
}

private struct SGD: Optimizer {
  let settings: SGDSettings
  let momentumBuffer: StateBuffer?

  init(_ settings: SGDSettings, _ table: ParameterTable) {
    self.settings = settings
    momentumBuffer = settings.momentum > 0 ? StateBuffer("momentum", count: table.count) : nil
  }

  var state: [StateBuffer] { momentumBuffer.map { [$0] } ?? [] }

  func update(_ step: UpdateContext) {
    step.forEachChunk { chunk in
      tune_sgd(
        chunk.weights, chunk.gradients, momentumBuffer.map { $0.pointer + chunk.offset }, chunk.count,
        Float(step.clipFactor), Float(chunk.learningRate), Float(settings.momentum), settings.nesterov,
        Float(chunk.decayFactor))
    }
  }
}
