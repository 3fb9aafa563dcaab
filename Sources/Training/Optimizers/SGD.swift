/// Stochastic gradient descent with momentum, as torch.optim.SGD without dampening, but with decoupled weight decay
/// (torch adds it to the gradient). Its state takes 4 bytes per parameter, none without momentum.
import Autograd
import CKernels

struct SGD: Optimizer {
  let momentum: Double
  let nesterov: Bool
  private let momentumBuffer: StateBuffer?

  init(_ table: ParameterTable, momentum: Double, nesterov: Bool) {
    (self.momentum, self.nesterov) = (momentum, nesterov)
    momentumBuffer = momentum > 0 ? StateBuffer("momentum", count: table.count) : nil
  }

  var state: [StateBuffer] { momentumBuffer.map { [$0] } ?? [] }

  func update(_ step: UpdateContext) {
    step.forEachChunk { chunk in
      tune_sgd(
        chunk.weights, chunk.gradients, momentumBuffer.map { $0.pointer + chunk.offset }, chunk.count,
        Float(step.clipFactor), Float(chunk.learningRate), Float(momentum), nesterov, Float(chunk.decayFactor))
    }
  }
}
