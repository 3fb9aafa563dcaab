/// The chain from gradients to weights: their global norm, the factor that clips it, the optimizer's direction, decay and
/// update. Norm and factor are two numbers; all the rest is one sweep over the weights, which is what costs.
import Autograd
import CKernels

struct OptimizerStep {
  let optimizer: any Optimizer
  private let maxNorm: Double?
  private let rules: [ParameterRule]
  private let pieces: [Chunk]

  init(_ table: ParameterTable, _ settings: OptimizerSettings, _ rules: [ParameterRule]) {
    precondition(rules.count == table.parameters.count, "\(rules.count) rules for \(table.parameters.count) parameters")
    optimizer = settings.make(table)
    maxNorm = settings.maxGradNorm
    self.rules = rules
    pieces = table.chunks
  }

  /// Step `number`, counted from 1, at `rate`.
  /// - Returns: the gradients' norm before clipping; where it is not finite, nothing was changed.
  func apply(_ gradients: Gradients, number: Int, rate: Double, _ replicas: Replicas) -> Double {
    let squares = replicas.map(pieces.count) {
      tune_sum_squares(gradients.pointer + pieces[$0].offset, pieces[$0].count)
    }
    let norm = squares.reduce(0, +).squareRoot()
    guard norm.isFinite else { return norm }
    optimizer.update(
      UpdateContext(
        number: number, learningRate: rate, clip: clip(norm), gradients: gradients, rules: rules, chunks: pieces,
        replicas: replicas))
    return norm
  }

  /// What gradients of this norm are multiplied by.
  func clip(_ norm: Double) -> Double { maxNorm.map { norm > $0 ? $0 / (norm + 1e-6) : 1 } ?? 1 }
}

extension Replicas {
  /// What `body` returns for 0..<count, in that order, whichever threads it ran on.
  func map(_ count: Int, _ body: @Sendable (Int) -> Double) -> [Double] {
    let results = Results(count)
    forEach(count) { index, _ in results.pointer[index] = body(index) }
    return Array(UnsafeBufferPointer(start: results.pointer, count: count))
  }
}

/// Sendable: each number is written once, by the one thread that has its index.
private final class Results: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Double>
  init(_ count: Int) { pointer = .allocate(capacity: max(count, 1)) }
  deinit { pointer.deallocate() }
}
