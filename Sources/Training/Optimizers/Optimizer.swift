/// The protocols of optimizers and their settings, an optimizer's state, and the chunks in which it updates the weights.
/// Does not compute the clip factor or the schedule.
package import Autograd

/// The hyperparameters of an optimization algorithm. To add one: a file of this folder with the settings and the update,
/// and its recipe keys and name in `Sources/Recipes/Sections/OptimizerSections.swift`.
package protocol OptimizerAlgorithm: Sendable, Equatable {
  /// An optimizer of the parameters of `table`, with a state of zeros.
  func makeOptimizer(_ table: ParameterTable) -> any Optimizer
}

/// Sendable: threads write disjoint chunks of the state.
package protocol Optimizer: Sendable {
  /// Everything kept from step to step, except the step's number. Saved in snapshots.
  var state: [StateBuffer] { get }
  /// p ← p · (1 − lr · weight decay) − lr · direction(clipFactor · g), for every weight.
  func update(_ step: UpdateContext)
}

/// A named buffer of numbers, initially zero. The name is that of the tensor in a snapshot.
package struct StateBuffer: Sendable {
  package let name: String
  package let count: Int
  private let storage: OwnedStorage

  package init(_ name: String, count: Int) {
    (self.name, self.count) = (name, count)
    storage = OwnedStorage(count: count)
  }

  package var pointer: UnsafeMutablePointer<Float> { storage.pointer }
}

/// The inputs of one optimizer update.
package struct UpdateContext: Sendable {
  /// How often the parameters have been updated after this step, from 1.
  package let number: Int
  /// The schedule's learning rate, before the factor of each parameter's rule.
  package let learningRate: Double
  /// Multiplies the gradients.
  package let clipFactor: Double
  let gradients: Gradients
  /// One per parameter of the table.
  let rules: [ParameterRule]
  /// Those of the parameters to update.
  let chunks: [Chunk]
  /// The parameters to update; nil: all.
  let isUpdated: [Bool]?
  let replicas: Replicas

  func updates(_ parameter: Int) -> Bool { isUpdated?[parameter] ?? true }

  /// Adjacent weights of one parameter, with their gradients, learning rate and decay.
  package struct WeightChunk {
    package let weights: UnsafeMutablePointer<Float>
    package let gradients: UnsafePointer<Float>
    /// The offset in the table, and in an optimizer state of its size.
    package let offset: Int
    package let count: Int
    /// `decayFactor` is 1 − learning rate · weight decay.
    package let learningRate, decayFactor: Double
  }

  /// Runs `body` for all weights to update, on all threads.
  package func forEachChunk(_ body: @Sendable (WeightChunk) -> Void) {
    replicas.forEach(chunks.count) { [self] index, _ in
      let chunk = chunks[index], rule = rules[chunk.index]
      let scaledRate = learningRate * rule.learningRateFactor
      body(
        WeightChunk(
          weights: chunk.weights, gradients: gradients.pointer + chunk.offset, offset: chunk.offset,
          count: chunk.count, learningRate: scaledRate, decayFactor: 1 - scaledRate * rule.weightDecay))
    }
  }
}

/// Adjacent numbers of one parameter.
struct Chunk: Sendable {
  let parameter: Parameter
  /// The parameter's index in the table.
  let index: Int
  /// The first number in the parameter, its offset in the table, and the length.
  let start, offset, count: Int

  var weights: UnsafeMutablePointer<Float> { parameter.pointer + start }
}

extension ParameterTable {
  /// The parameters in chunks of at most 2^18 numbers, the same on every machine.
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
