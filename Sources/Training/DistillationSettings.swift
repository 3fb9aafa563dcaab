/// Which terms a distillation's loss is made of, who teaches, and what is held against what. Computes nothing.
public import Models

public struct DistillationSettings: Sendable, Equatable {
  /// Which rows of logits the soft term compares.
  public enum Scope: Sendable { case everyToken, labelled }

  /// Weights of the terms; 0: the term is left out. The defaults are DistilBERT's.
  public var soft = 5.0, hard = 2.0, cosine = 1.0, hidden = 0.0, attention = 0.0, relations = 0.0
  /// Both sides' logits are divided by it for the soft term, which is then multiplied by its square.
  public var temperature = 2.0
  public var scope = Scope.everyToken
  /// Into how many heads `relations` cuts queries, keys and values.
  public var relationHeads = 12

  public init() {}

  var looksInside: Bool { cosine > 0 || hidden > 0 || attention > 0 || relations > 0 }

  /// The terms that count, with their weights.
  public var terms: [(name: String, weight: Double)] {
    [
      ("soft", soft), ("hard", hard), ("cosine", cosine), ("hidden", hidden), ("attention", attention),
      ("relations", relations),
    ].filter { $0.1 > 0 }
  }
}

/// Who teaches, and which of its layers the student's are held against.
public struct Teacher: Sendable {
  /// 0 is the embeddings' output, k that of the k-th block.
  public struct Pair: Sendable, Hashable {
    public let student, teacher: Int

    public init(student: Int, teacher: Int) {
      self.student = student
      self.teacher = teacher
    }
  }

  public let model: TextModel
  /// States that `hidden` and `attention` match; no two are the same.
  public let pairs: [Pair]
  /// States whose blocks `relations` compares.
  public let relationPair: Pair

  public init(_ model: TextModel, pairs: [Pair] = [], relationPair: Pair = Pair(student: 1, teacher: 1)) {
    self.model = model
    self.pairs = pairs
    self.relationPair = relationPair
  }
}
