/// The terms of a distillation loss with their weights, and the teachers with the layers that are compared.
public import Models

public struct DistillationSettings: Sendable, Equatable {
  /// The tokens whose logits the KL term compares.
  public enum KLTokens: Sendable { case all, labeled }

  /// Weights of the terms; a term with weight 0 is not computed. The defaults are DistilBERT's.
  public var klWeight = 5.0, taskWeight = 2.0, cosineWeight = 1.0, hiddenWeight = 0.0, attentionWeight = 0.0,
    relationWeight = 0.0
  /// Divides student's and teachers' logits in the KL term, which is multiplied by its square (Hinton et al. 2015).
  public var temperature = 2.0
  public var klTokens = KLTokens.all
  /// The number of relation heads into which queries, keys and values are split (MiniLM v2).
  public var relationHeads = 12

  public init() {}

  var comparesHiddenStates: Bool { cosineWeight > 0 || hiddenWeight > 0 || attentionWeight > 0 || relationWeight > 0 }

  /// Whether the KL term compares the logits of tokens without a target.
  var needsAllLogits: Bool { klWeight > 0 && klTokens == .all }

  /// The terms with a positive weight.
  public var terms: [(name: String, weight: Double)] {
    [
      ("kl", klWeight), ("task", taskWeight), ("cosine", cosineWeight), ("hidden", hiddenWeight),
      ("attention", attentionWeight),
      ("relation", relationWeight),
    ].filter { $0.1 > 0 }
  }
}

/// A teacher model, and the layers of student and teacher that are compared.
public struct Teacher: Sendable {
  /// Hidden-state indices as in transformers: 0 is the embeddings' output, k that of the k-th block.
  public struct Pair: Sendable, Hashable {
    public let student, teacher: Int

    public init(student: Int, teacher: Int) {
      self.student = student
      self.teacher = teacher
    }
  }

  public let model: TextModel
  /// The teacher's own adapter, or none.
  public let adapters: RowAdapters
  /// Compared by the hidden and attention terms. No two are equal.
  public let pairs: [Pair]
  /// The blocks that the relation term compares.
  public let relationPair: Pair

  public init(
    _ model: TextModel, adapters: RowAdapters = .none, pairs: [Pair] = [],
    relationPair: Pair = Pair(student: 1, teacher: 1)
  ) {
    (self.model, self.adapters) = (model, adapters)
    self.pairs = pairs
    self.relationPair = relationPair
  }
}
