/// The terms of a distillation loss with their weights, and the teachers with the layers that are compared.
package import Encoders

package struct DistillationSettings: Sendable, Equatable {
  /// The tokens whose logits the KL term compares.
  package enum KLTokens: Sendable { case all, labeled }

  /// Weights of the terms; a term with weight 0 is not computed. The defaults are DistilBERT's.
  package var klWeight = 5.0, taskWeight = 2.0, cosineWeight = 1.0, hiddenWeight = 0.0, attentionWeight = 0.0,
    relationWeight = 0.0
  /// Divides student's and teachers' logits in the KL term, which is multiplied by its square (Hinton et al. 2015).
  package var temperature = 2.0
  package var klTokens = KLTokens.all
  /// The number of relation heads into which queries, keys and values are split (MiniLM v2).
  package var relationHeads = 12

  package init() {}

  var comparesHiddenStates: Bool { cosineWeight > 0 || hiddenWeight > 0 || attentionWeight > 0 || relationWeight > 0 }

  /// Whether the KL term compares the logits of tokens without a target.
  var needsAllLogits: Bool { klWeight > 0 && klTokens == .all }

  /// The terms with a positive weight.
  package var terms: [(name: String, weight: Double)] {
    [
      ("kl", klWeight), ("task", taskWeight), ("cosine", cosineWeight), ("hidden", hiddenWeight),
      ("attention", attentionWeight),
      ("relation", relationWeight),
    ].filter { $0.1 > 0 }
  }
}

/// A teacher model, and the layers of student and teacher that are compared.
package struct Teacher: Sendable {
  /// Hidden-state indices as in transformers: 0 is the embeddings' output, k that of the k-th block.
  package struct Pair: Sendable, Hashable {
    package let student, teacher: Int

    package init(student: Int, teacher: Int) {
      self.student = student
      self.teacher = teacher
    }
  }

  package let model: TextModel
  /// The teacher's own adapter, or none.
  package let adapters: RowAdapters
  /// Compared by the hidden and attention terms. No two are equal.
  package let pairs: [Pair]
  /// The blocks that the relation term compares.
  package let relationPair: Pair

  package init(
    _ model: TextModel, adapters: RowAdapters = .none, pairs: [Pair] = [],
    relationPair: Pair = Pair(student: 1, teacher: 1)
  ) {
    (self.model, self.adapters) = (model, adapters)
    self.pairs = pairs
    self.relationPair = relationPair
  }
}
