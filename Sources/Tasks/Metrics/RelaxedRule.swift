/// Entity scores that forgive boundaries or types, as nervaluate 1.2.1 defines them (after MUC-5 and SemEval-2013 task 9.1).
import Datasets

/// Which predicted entities match a gold entity. Each gold entity is matched once, by the predictions in order.
package enum RelaxedRule: String, CaseIterable, Sendable {
  /// The boundaries are equal, whatever the types.
  case exact
  /// The boundaries are equal, or half: the entities overlap; whatever the types.
  case partial
  /// The types are equal and the entities overlap.
  case type

  /// The number of matches; a partial one is half.
  func matches(gold: [Span], predicted: [Span]) -> Double {
    var free = Array(gold.indices), sum = 0.0
    for entity in predicted {
      let overlapping = free.filter { gold[$0].isOverlapped(by: entity) }
      let right = best(of: overlapping, for: entity, gold)
      if right != nil { sum += 1 } else if self == .partial, !overlapping.isEmpty { sum += 0.5 }
      // A wrong prediction also uses up a gold entity, the first that it overlaps.
      guard let used = right ?? overlapping.first else { continue }
      free.removeAll { $0 == used }
    }
    return sum
  }

  /// The gold entity that the prediction matches: of several with its type the one with the closest boundaries.
  private func best(of candidates: [Int], for entity: Span, _ gold: [Span]) -> Int? {
    if self != .type { return candidates.first { gold[$0].start == entity.start && gold[$0].end == entity.end } }
    func distance(_ index: Int) -> Int { abs(gold[index].start - entity.start) + abs(gold[index].end - entity.end) }
    return candidates.filter { gold[$0].type == entity.type }.min { distance($0) < distance($1) }
  }
}

extension Span {
  /// Whether `other` covers at least a hundredth of this span's words.
  fileprivate func isOverlapped(by other: Span) -> Bool {
    let shared = min(end, other.end) - max(start, other.start)
    return shared > 0 && Double(shared) / Double(end - start) * 100 >= 1
  }
}
