/// Stochastic gradient descent with momentum, as torch.optim.SGD without dampening: 4 bytes a parameter, none without
/// momentum. Decay is decoupled here as everywhere, where torch adds it to the gradient.
import Autograd
import CKernels

struct SGD: Optimizer {
  let momentum: Double
  let nesterov: Bool
  private let velocity: OptimizerState?

  init(_ table: ParameterTable, momentum: Double, nesterov: Bool) {
    (self.momentum, self.nesterov) = (momentum, nesterov)
    velocity = momentum > 0 ? OptimizerState("momentum", count: table.count) : nil
  }

  var state: [OptimizerState] { velocity.map { [$0] } ?? [] }

  func update(_ step: UpdateContext) {
    step.forEachChunk { stretch in
      tune_sgd(
        stretch.weights, stretch.gradients, velocity.map { $0.pointer + stretch.offset }, stretch.count,
        Float(step.clip), Float(stretch.learningRate), Float(momentum), nesterov, Float(stretch.decayFactor))
    }
  }
}
