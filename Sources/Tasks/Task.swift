/// What the trainer asks of a task: what to show a model and what it should say, losses, and the metrics of a split.
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
public typealias ParallelFor = (_ count: Int, _ body: @Sendable (Int, Workspace) -> Void) -> Void

/// What a model reads of some examples, and what it should answer.
public struct Lesson: Sendable {
  /// Which examples these are, in the order of the batch's sequences.
  public let examples: [Int]
  public let batch: Batch
  /// The tokens whose logits are asked for, rising; nil: all of them, or one a sequence where the head is of that kind.
  public let rows: [Int32]?
  /// A class for each row of logits; negative where it does not count.
  public let targets: [Int32]
  /// What the loss of these targets is a share of: their number, or the sum of their classes' weights.
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
  /// The same with logits asked for where there is a target, and nowhere else. Heads of sequences have one row each.
  public func whereLabelled(_ kind: HeadType) -> Lesson {
    if kind == .sequenceClassification { return self }
    let all = rows ?? Array(0..<Int32(batch.count))
    let labelled = targets.indices.filter { targets[$0] >= 0 }
    return Lesson(
      examples: examples, batch: batch, rows: labelled.map { all[$0] }, targets: labelled.map { targets[$0] },
      weight: weight)
  }

  /// The same with logits asked for every token.
  public func everywhere(_ kind: HeadType) -> Lesson {
    guard kind != .sequenceClassification, let rows else { return self }
    var all = [Int32](repeating: -1, count: batch.count)
    for (row, target) in zip(rows, targets) { all[Int(row)] = target }
    return Lesson(examples: examples, batch: batch, targets: all, weight: weight)
  }
}

public protocol Task: Sendable {
  /// Tokens of each training example.
  var lengths: [Int] { get }
  /// Training examples as they are shown at a step: what is drawn by chance is a function of the step and the example.
  func lesson(_ examples: [Int], at step: Int) -> Lesson
  /// The loss of logits, divided by `norm`, the weight of the whole batch's targets; its gradient is given to them.
  func loss(of logits: Tensor, _ targets: [Int32], norm: Float, _ pass: Pass) -> Double
  /// How many tokens an evaluation of the split reads; 0 where the recipe has no such file.
  func tokens(in split: Split) -> Int
  /// Metrics of a split, or nil where the recipe has no such file.
  func evaluate(_ model: TextModel, on split: Split, _ run: ParallelFor) throws -> Evaluation?
  /// Where a training example is found, for people.
  func describe(example: Int) -> String
}

extension Task {
  public func describe(example: Int) -> String { "training example \(example + 1)" }

  /// Of a task without held-out text.
  public func tokens(in split: Split) -> Int { split == .train ? lengths.reduce(0, +) : 0 }

  public func loss(of logits: Tensor, _ targets: [Int32], norm: Float, _ pass: Pass) -> Double {
    crossEntropy(logits, targets: targets, norm: norm, pass)
  }
}
