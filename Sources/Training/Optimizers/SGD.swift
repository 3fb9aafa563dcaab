/// Stochastic gradient descent with momentum, as torch.optim.SGD without dampening: 4 bytes a parameter, none without
/// momentum. Decay is decoupled here as everywhere, where torch adds it to the gradient.
import Autograd
import CKernels

struct SGD: Optimizer {
  let momentum: Double
  let nesterov: Bool
  private let velocity: Memory?

  init(_ table: ParameterTable, momentum: Double, nesterov: Bool) {
    (self.momentum, self.nesterov) = (momentum, nesterov)
    velocity = momentum > 0 ? Memory("momentum", count: table.count) : nil
  }

  var memory: [Memory] { velocity.map { [$0] } ?? [] }

  func update(_ step: Step) {
    step.sweep { stretch in
      tune_sgd(
        stretch.weights, stretch.gradients, velocity.map { $0.pointer + stretch.offset }, stretch.count,
        Float(step.clip), Float(stretch.rate), Float(momentum), nesterov, Float(stretch.shrink))
    }
  }
}
