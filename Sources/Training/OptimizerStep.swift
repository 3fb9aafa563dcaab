/// From gradients to new weights: the global gradient norm, clipping, and the optimizer's update with weight decay.
import Autograd
import CKernels

struct OptimizerStep {
  let optimizer: any Optimizer
  private let maxGradNorm: Double?
  private let rules: [ParameterRule]
  private let chunks: [Chunk]

  init(_ table: ParameterTable, _ settings: OptimizerSettings, _ rules: [ParameterRule]) {
    precondition(rules.count == table.parameters.count, "\(rules.count) rules for \(table.parameters.count) parameters")
    optimizer = settings.algorithm.makeOptimizer(table)
    maxGradNorm = settings.maxGradNorm
    self.rules = rules
    chunks = table.chunks
  }

  /// Updates the weights in one sweep.
  /// - Parameters:
  ///   - number: the step's, from 1.
  ///   - turn: whose step it is; nil: it updates all parameters.
  /// - Returns: the gradient norm before clipping. If it is not finite, nothing was changed.
  func apply(
    _ gradients: Gradients, number: Int, turn: Turn? = nil, learningRate: Double, _ replicas: Replicas
  ) -> Double {
    let squares = replicas.map(chunks.count) {
      tune_sum_squares(gradients.pointer + chunks[$0].offset, chunks[$0].count)
    }
    let norm = squares.reduce(0, +).squareRoot()
    guard norm.isFinite else { return norm }
    func update(_ number: Int, isUpdated: [Bool]?) {
      optimizer.update(
        UpdateContext(
          number: number, learningRate: learningRate, clipFactor: clipFactor(norm), gradients: gradients, rules: rules,
          chunks: isUpdated.map { isUpdated in chunks.filter { isUpdated[$0.index] } } ?? chunks, isUpdated: isUpdated,
          replicas: replicas))
    }
    if let turn {
      update(number, isUpdated: turn.shared)
      update(turn.number, isUpdated: turn.own)
    } else {
      update(number, isUpdated: nil)
    }
    return norm
  }

  /// A step of one of several learners. Parameters of the others' heads have no gradient and are not updated, as in torch.
  struct Turn {
    /// The learner's own parameters, and those that it shares with others; by their index.
    let own, shared: [Bool]
    /// Of the learner's steps, from 1.
    let number: Int
  }

  /// The factor of gradients with this norm, as in torch.nn.utils.clip_grad_norm_.
  func clipFactor(_ norm: Double) -> Double { maxGradNorm.map { norm > $0 ? $0 / (norm + 1e-6) : 1 } ?? 1 }
}

extension Replicas {
  /// The results of `body` for 0..<count, in this order on any number of threads.
  func map(_ count: Int, _ body: @Sendable (Int) -> Double) -> [Double] {
    let results = Results(count)
    forEach(count) { index, _ in results.pointer[index] = body(index) }
    return Array(UnsafeBufferPointer(start: results.pointer, count: count))
  }
}

/// Sendable: each element is written once, by the thread that has its index.
private final class Results: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Double>
  init(_ count: Int) { pointer = .allocate(capacity: max(count, 1)) }
  deinit { pointer.deallocate() }
}
