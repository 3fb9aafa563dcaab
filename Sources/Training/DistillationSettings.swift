/// Which terms a distillation's loss is made of, who teaches, and what is held against what. Computes nothing.
public import Models

public struct DistillationSettings: Sendable, Equatable {
  /// Which rows of logits the soft term compares.
  public enum KLTokens: Sendable { case all, labeled }

  /// Weights of the terms; 0: the term is left out. The defaults are DistilBERT's.
  public var klWeight = 5.0, taskWeight = 2.0, cosineWeight = 1.0, hiddenWeight = 0.0, attentionWeight = 0.0,
    relationWeight = 0.0
  /// Both sides' logits are divided by it for the soft term, which is then multiplied by its square.
  public var temperature = 2.0
  public var klTokens = KLTokens.all
  /// Into how many heads `relations` cuts queries, keys and values.
  public var relationHeads = 12

  public init() {}

  var comparesHiddenStates: Bool { cosineWeight > 0 || hiddenWeight > 0 || attentionWeight > 0 || relationWeight > 0 }

  /// The terms that count, with their weights.
  public var terms: [(name: String, weight: Double)] {
    [
      ("kl", klWeight), ("task", taskWeight), ("cosine", cosineWeight), ("hidden", hiddenWeight),
      ("attention", attentionWeight),
      ("relation", relationWeight),
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
