/// What a step makes smaller.
public import Autograd
public import Models
public import Tasks

/// What the means of a whole batch's losses are taken over: all its lessons together.
public struct BatchTotals: Sendable, Equatable {
  /// Tokens that are read.
  public let tokens: Int
  /// Scores of one attention head: the sum of the sequences' squared lengths.
  public let scores: Int
  /// Rows of logits that have a target.
  public let labeled: Int
  /// The sum of the targets' weights.
  public let weight: Float

  public init(_ lessons: [Lesson]) {
    tokens = lessons.reduce(0) { $0 + $1.batch.count }
    scores = lessons.reduce(0) { sum, lesson in
      zip(lesson.batch.sequenceOffsets.dropFirst(), lesson.batch.sequenceOffsets).reduce(sum) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
      }
    }
    labeled = lessons.reduce(0) { $0 + $1.targets.count { $0 >= 0 } }
    weight = lessons.reduce(0) { $0 + $1.weight }
  }
}

public protocol Objective: Sendable {
  /// What the loss is a sum of, by name; empty where it is one thing.
  var terms: [String] { get }
  /// Weights that learn beside the model's and are no part of it.
  var parameters: [Parameter] { get }
  /// Whether it looks at states of the model below this one: 0 is the embeddings' output, k that of the k-th block.
  func compares(below state: Int, of model: TextModel) -> Bool
  /// A lesson's share in each term of the batch's loss, or in the loss. Backward has run when it returns.
  func losses(_ model: TextModel, _ task: any Task, _ lesson: Lesson, of whole: BatchTotals, _ pass: Pass) -> [Double]
}

extension Objective {
  public func compares(below state: Int, of model: TextModel) -> Bool { false }
}

/// The task's own loss of its targets.
public struct TaskLoss: Objective {
  public init() {}

  public var terms: [String] { [] }
  public var parameters: [Parameter] { [] }

  public func losses(
    _ model: TextModel, _ task: any Task, _ lesson: Lesson, of whole: BatchTotals, _ pass: Pass
  ) -> [Double] {
    let logits = model(lesson.batch, rows: lesson.rows, pass)
    let loss = task.loss(of: logits, lesson.targets, norm: whole.weight, pass)
    pass.backward()
    return [loss]
  }
}
