/// What is known of a step whose loss or gradient is no finite number: the numbers, the batch, the weights.
import Autograd
import Tasks

public struct NonFiniteStep: Sendable, CustomStringConvertible {
  /// The step that was to be taken, from 1.
  public let step: Int
  public let loss: Double
  /// The gradients' norm; nil where the loss alone was reason enough to ask no further.
  public let norm: Double?
  /// Where the batch's examples are found.
  public let examples: [String]
  /// The learning weight of the largest size, or the first that is not finite.
  public let weight: Extreme
  /// The same of the gradients.
  public let gradient: Extreme

  public struct Extreme: Sendable, CustomStringConvertible {
    public let name: String
    public let value: Float

    public var description: String { "\(value) in \(name)" }
  }

  public var description: String {
    let norm = norm.map { ", the gradient's norm \($0)" } ?? ""
    return """
      Step \(step): the loss is \(loss)\(norm). Nothing was changed by this step; a snapshot of before it is intact.
      \(weight.value.isFinite ? "The largest weight that learns" : "A weight that is not finite"): \(weight)
      \(gradient.value.isFinite ? "The largest gradient" : "A gradient that is not finite"): \(gradient)
      The batch: \(Self.list(examples))
      --resume would come to the same step again, to the bit. A smaller 'training.learning_rate' or a longer warm-up \
      usually helps; that is another run, which starts anew with --overwrite.
      """
  }

  static func list(_ examples: [String]) -> String {
    examples.prefix(32).joined(separator: "; ") + (examples.count > 32 ? "; and \(examples.count - 32) more" : "")
  }
}
