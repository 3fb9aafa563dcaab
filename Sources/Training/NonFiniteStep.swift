/// Describes a step whose loss or gradient is not finite: the numbers, the batch, and the extreme weight and gradient.
import Autograd
import Tasks

package struct NonFiniteStep: Sendable, CustomStringConvertible {
  /// The number of the step, from 1. It was not applied.
  package let step: Int
  package let loss: Double
  /// The gradient norm; nil if the loss was not finite, when the norm is not computed.
  package let norm: Double?
  /// Descriptions of the batch's examples, with their source locations.
  package let examples: [String]
  /// The first trainable weight that is not finite, else the largest in absolute value.
  package let weight: Extreme
  /// The same for the gradients.
  package let gradient: Extreme

  package struct Extreme: Sendable, CustomStringConvertible {
    /// The parameter's name.
    package let name: String
    package let value: Float

    package var description: String { "\(value) in \(name)" }
  }

  package var description: String {
    let norm = norm.map { ", the gradient norm is \($0)" } ?? ""
    return """
      Step \(step): the loss is \(loss)\(norm). The step was not applied; earlier snapshots are intact.
      \(weight.value.isFinite ? "Largest trainable weight" : "Weight that is not finite"): \(weight)
      \(gradient.value.isFinite ? "Largest gradient" : "Gradient that is not finite"): \(gradient)
      Batch: \(Self.list(examples))
      --resume would repeat this step with the same result. Try a smaller 'training.learning_rate' or a longer warmup; \
      that is a new run, which requires --overwrite.
      """
  }

  static func list(_ examples: [String]) -> String {
    examples.prefix(32).joined(separator: "; ") + (examples.count > 32 ? "; and \(examples.count - 32) more" : "")
  }
}
