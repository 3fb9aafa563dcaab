/// How weights follow their gradients: a rule, swept over all of them once a step. Does not clip, knows no schedule.
import Autograd

/// Sendable: its memories are written by disjoint stretches.
protocol Optimizer: Sendable {
  /// What it carries from step to step, and a snapshot keeps; all else is a function of the step's number.
  var state: [OptimizerState] { get }
  /// p ← p · shrink − rate · direction(clip · g), for every weight.
  func update(_ step: UpdateContext)
}

/// Numbers with a name, zero at first.
struct OptimizerState: Sendable {
  let name: String
  let count: Int
  private let storage: OwnedStorage

  init(_ name: String, count: Int) {
    (self.name, self.count) = (name, count)
    storage = OwnedStorage(count: count)
  }

  var pointer: UnsafeMutablePointer<Float> { storage.pointer }
}

/// One step as an optimizer sees it.
struct UpdateContext {
  /// Counted from 1.
  let number: Int
  /// The schedule's; a parameter's own is this times its rule's.
  let learningRate: Double
  /// What gradients are multiplied by.
  let clip: Double
  let gradients: Gradients
  /// By parameter of the table.
  let rules: [ParameterRule]
  let chunks: [Chunk]
  let replicas: Replicas

  /// Neighbouring weights of one parameter, with what the step means for them.
  struct WeightChunk {
    let weights: UnsafeMutablePointer<Float>
    let gradients: UnsafePointer<Float>
    /// Where they lie in the table's numbering, and so in a memory of its size.
    let offset: Int
    let count: Int
    let learningRate, decayFactor: Double
  }

  /// Runs `body` over all weights, on all threads.
  func forEachChunk(_ body: @Sendable (WeightChunk) -> Void) {
    replicas.forEach(chunks.count) { [self] index, _ in
      let piece = chunks[index], rule = rules[piece.index]
      let own = learningRate * rule.learningRateFactor
      body(
        WeightChunk(
          weights: piece.weights, gradients: gradients.pointer + piece.offset, offset: piece.offset,
          count: piece.count, learningRate: own, decayFactor: 1 - own * rule.weightDecay))
    }
  }
}

/// A stretch of a parameter.
struct Chunk: Sendable {
  let parameter: Parameter
  /// The parameter's place in the table.
  let index: Int
  let start, offset, count: Int

  var weights: UnsafeMutablePointer<Float> { parameter.pointer + start }
}

extension ParameterTable {
  /// Stretches of at most 2^18 numbers, the same on every machine.
  var chunks: [Chunk] {
    let size = 1 << 18
    return parameters.enumerated().flatMap { index, parameter in
      stride(from: 0, to: parameter.count, by: size).map { start in
        Chunk(
          parameter: parameter, index: index, start: start, offset: (parameter.offset ?? 0) + start,
          count: min(size, parameter.count - start))
      }
    }
  }
}
