/// What became of each entity of a sentence: found, found with another type or other boundaries, missed, or spurious.
package import Datasets

/// A gold entity, a predicted one, or both if they belong together.
package struct EntityOutcome: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    case correct
    /// The same words, another type.
    case type
    /// Words in common, the same type.
    case boundary
    /// Words in common, another type.
    case typeAndBoundary = "type and boundary"
    case missed, spurious
  }

  package let gold, predicted: Span?

  /// Its first word.
  package var start: Int { min(gold?.start ?? .max, predicted?.start ?? .max) }

  package var kind: Kind {
    guard let gold else { return .spurious }
    guard let predicted else { return .missed }
    let sameWords = gold.start == predicted.start && gold.end == predicted.end
    switch (gold.type == predicted.type, sameWords) {
    case (true, true): return .correct
    case (false, true): return .type
    case (true, false): return .boundary
    case (false, false): return .typeAndBoundary
    }
  }
}

/// Matches each entity with at most one: first those that are equal, then of the same words, then with words in common and the
/// same type, then with words in common; among several with the first one.
///
///     entityOutcomes(gold: [Span("Drug", 0, 2)], predicted: [Span("Drug", 1, 2)])[0].kind  // .boundary
package func entityOutcomes(gold: [Span], predicted: [Span]) -> [EntityOutcome] {
  let inOrder = { (a: Span, b: Span) in (a.start, a.end, a.type) < (b.start, b.end, b.type) }
  var gold = gold.sorted(by: inOrder), predicted = predicted.sorted(by: inOrder), outcomes: [EntityOutcome] = []
  let rules: [EntityOutcome.Kind] = [.correct, .type, .boundary, .typeAndBoundary]
  for rule in rules {
    gold.removeAll { entity in
      let index = predicted.firstIndex { other in
        entity.start < other.end && other.start < entity.end
          && EntityOutcome(gold: entity, predicted: other).kind == rule
      }
      guard let index else { return false }
      outcomes.append(EntityOutcome(gold: entity, predicted: predicted.remove(at: index)))
      return true
    }
  }
  outcomes += gold.map { EntityOutcome(gold: $0, predicted: nil) }
  outcomes += predicted.map { EntityOutcome(gold: nil, predicted: $0) }
  return outcomes.sorted { $0.start < $1.start }
}
