/// Selects runs by conditions on their values: `method=lora and test.f1>0.8`.
import Files

package struct RunFilter: Sendable {
  private enum Relation: String, CaseIterable, Sendable {
    // In this order, so that `>=` is tried before `>`.
    case atLeast = ">=", atMost = "<=", differs = "!=", equals = "=", above = ">", below = "<"
  }

  private struct Condition: Sendable {
    let key: RunKey
    let relation: Relation
    let expected: String
  }

  package struct Fault: Error, Equatable, CustomStringConvertible {
    let condition: String

    package var description: String {
      "'\(condition)' is not a condition; expected KEY=VALUE, or another of != > < >= <= in it, as in \"f1>0.8\"."
    }
  }

  private let conditions: [Condition]
  /// The keys of the conditions.
  package var keys: [RunKey] { conditions.map(\.key) }

  /// - Parameter texts: conditions; a text may have several, joined by " and ". All must hold.
  /// - Throws: `Fault`, or `RunKey.Fault` for a key that none of `runs` has.
  package init(_ texts: [String], in runs: [RunRecord]) throws {
    conditions = try texts.flatMap { $0.split(separator: " and ") }.map { text in
      let condition = text.trimmed
      guard let (key, relation, expected) = split(condition) else { throw Fault(condition: condition) }
      return Condition(key: try RunKey(key, in: runs), relation: relation, expected: expected)
    }
    func split(_ text: String) -> (String, Relation, String)? {
      let signs = "!=<>"
      guard let sign = text.firstIndex(where: signs.contains) else { return nil }
      let key = text[..<sign].trimmed
      guard !key.isEmpty, let relation = Relation.allCases.first(where: { text[sign...].hasPrefix($0.rawValue) }) else {
        return nil
      }
      let expected = text[sign...].dropFirst(relation.rawValue.count).trimmed
      // A value may contain "=" (run=rank=8,seed=1), but must not start with a sign. The value of an order relation
      // must not contain one: that is a second condition after "or" or "AND".
      let isOrder = relation != .equals && relation != .differs
      let isInvalid = expected.first.map(signs.contains) ?? true
      let isIncomplete = expected.hasSuffix(" and") || isOrder && expected.contains(where: signs.contains)
      return isInvalid || isIncomplete ? nil : (key, relation, expected)
    }
  }

  /// Whether all conditions hold. Of a run without the value only `!=` holds.
  package func matches(_ run: RunRecord) -> Bool {
    conditions.allSatisfy { condition in
      guard let value = condition.key.value(of: run) else { return condition.relation == .differs }
      if let found = value.number, let expected = Double(condition.expected) {
        return holds(found, condition.relation, expected)
      }
      return holds(text(value), condition.relation, condition.expected)
    }
  }

  private func holds<Value: Comparable>(_ found: Value, _ relation: Relation, _ expected: Value) -> Bool {
    switch relation {
    case .equals: found == expected
    case .differs: found != expected
    case .above: found > expected
    case .below: found < expected
    case .atLeast: found >= expected
    case .atMost: found <= expected
    }
  }
}

extension StringProtocol {
  /// The text without spaces at its ends.
  fileprivate var trimmed: String {
    let start = drop { $0 == " " }
    return String(start.prefix(upTo: start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.startIndex))
  }
}
