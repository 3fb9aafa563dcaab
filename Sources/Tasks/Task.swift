/// What the trainer requires of a task: training examples as batches, the loss, and the metrics of a split.
public import Autograd
public import Files
public import Models

/// The result of an evaluation.
public struct Evaluation: Sendable, Equatable {
  /// Mean loss over the split's targets.
  public let loss: Double
  /// Metrics that can select the best checkpoint: "f1", "precision", "recall", "loss", …
  public let values: [String: Double]
  /// All results, for result.json.
  public let json: JSON

  public init(loss: Double, values: [String: Double], json: JSON) {
    self.loss = loss
    self.values = values
    self.json = json
  }
}

public enum Split: String, Sendable, CaseIterable { case train, dev, test }

/// Calls `body` once for each index below `count`, possibly on several threads, each with its own workspace.
public typealias ParallelFor = (_ count: Int, _ body: @Sendable (Int, Workspace) -> Void) -> Void

/// A labeled batch: the model's input for some examples, and the targets.
public struct Lesson: Sendable {
  /// Indices of the examples, in the order of the batch's sequences.
  public let examples: [Int]
  public let batch: Batch
  /// The tokens whose logits are computed, increasing; nil: every token, or one row per sequence if the head classifies
  /// sequences.
  public let rows: [Int32]?
  /// A class for each row of logits; negative for rows that are ignored.
  public let targets: [Int32]
  /// The loss's denominator for these targets: their number, or the sum of their class weights.
  public let weight: Float

  public init(examples: [Int], batch: Batch, rows: [Int32]? = nil, targets: [Int32], weight: Float) {
    self.examples = examples
    self.batch = batch
    self.rows = rows
    self.targets = targets
    self.weight = weight
  }
}

extension Lesson {
  /// This batch with logits for the rows that have a target only. A sequence classification head has one row per
  /// sequence in any case.
  public func withLabeledRows(_ headType: HeadType) -> Lesson {
    if headType == .sequenceClassification { return self }
    let allRows = rows ?? Array(0..<Int32(batch.count))
    let labeled = targets.indices.filter { targets[$0] >= 0 }
    return Lesson(
      examples: examples, batch: batch, rows: labeled.map { allRows[$0] }, targets: labeled.map { targets[$0] },
      weight: weight)
  }

  /// This batch with logits for every token.
  public func withAllRows(_ headType: HeadType) -> Lesson {
    guard headType != .sequenceClassification, let rows else { return self }
    var allTargets = [Int32](repeating: -1, count: batch.count)
    for (row, target) in zip(rows, targets) { allTargets[Int(row)] = target }
    return Lesson(examples: examples, batch: batch, targets: allTargets, weight: weight)
  }
}

public protocol Task: Sendable {
  /// Tokens of each training example.
  var lengths: [Int] { get }
  /// The batch of some training examples at a step. Anything random in it is a function of the step and the example.
  func lesson(_ examples: [Int], at step: Int) -> Lesson
  /// The loss divided by `norm`, the weight of the whole batch's targets. Sets the gradient of the logits.
  func loss(of logits: Tensor, _ targets: [Int32], norm: Float, _ pass: Pass) -> Double
  /// Number of tokens that an evaluation of the split processes; 0 if the recipe has no such file.
  func tokens(in split: Split) -> Int
  /// Metrics of a split, or nil if the recipe has no such file.
  func evaluate(_ model: TextModel, on split: Split, _ parallelFor: ParallelFor) throws -> Evaluation?
  /// The source of a training example, for messages.
  func describe(example: Int) -> String
}

extension Task {
  public func describe(example: Int) -> String { "training example \(example + 1)" }

  /// For a task without held-out text.
  public func tokens(in split: Split) -> Int { split == .train ? lengths.reduce(0, +) : 0 }

  public func loss(of logits: Tensor, _ targets: [Int32], norm: Float, _ pass: Pass) -> Double {
    crossEntropy(logits, targets: targets, norm: norm, pass)
  }
}
