/// What the trainer asks of a task: losses of training examples, and the metrics of a split.
public import Autograd
public import Files
public import Models

/// The result of an evaluation.
public struct Evaluation: Sendable, Equatable {
  /// Mean loss over what counts in the split.
  public let loss: Double
  /// What a best checkpoint may be chosen by: "f1", "precision", "recall", "loss", …
  public let values: [String: Double]
  /// All of it, for result.json.
  public let json: JSON

  public init(loss: Double, values: [String: Double], json: JSON) {
    self.loss = loss
    self.values = values
    self.json = json
  }
}

public enum Split: String, Sendable, CaseIterable { case train, dev, test }

/// Runs `body` once for each of `count` pieces of work, perhaps on several threads, each with a workspace of its own.
public typealias Runner = (_ count: Int, _ body: @Sendable (Int, Workspace) -> Void) -> Void

public protocol Task: Sendable {
  /// Tokens of each training example.
  var lengths: [Int] { get }
  /// What the loss of a batch is divided by: the number (or the weight) of its labels.
  func norm(of examples: [Int]) -> Float
  /// The share of these examples in the batch's loss. Backward has run when it returns.
  func loss(_ model: TextModel, _ examples: [Int], norm: Float, _ pass: Pass) -> Double
  /// Metrics of a split, or nil where the recipe has no such file.
  func evaluate(_ model: TextModel, on split: Split, _ run: Runner) throws -> Evaluation?
}
