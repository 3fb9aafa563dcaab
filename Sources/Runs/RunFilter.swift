/// Which runs are meant: `method=lora and test.f1>0.8`.
import Files

public struct RunFilter: Sendable {
  private enum Relation: String, CaseIterable, Sendable {
    // In this order: a sign is found before those that it begins with.
    case atLeast = ">=", atMost = "<=", differs = "!=", equals = "=", above = ">", below = "<"
  }

  private struct Condition: Sendable {
    let key: RunKey
    let relation: Relation
    let wanted: String
  }

  public struct Fault: Error, Equatable, CustomStringConvertible {
    let condition: String

    public var description: String {
      "'\(condition)' is no condition; expected KEY=VALUE, or one of != > < >= <= between them, as in \"f1>0.8\"."
    }
  }

  private let conditions: [Condition]
  /// What the conditions speak of.
  public var keys: [RunKey] { conditions.map(\.key) }

  /// - Parameter texts: conditions, several of them in a text with " and " between; all must hold.
  /// - Throws: `Fault`, or `RunKey.Fault` for a key that none of `runs` has.
  public init(_ texts: [String], in runs: [RunRecord]) throws {
    conditions = try texts.flatMap { $0.split(separator: " and ") }.map { part in
      let text = part.trimmed
      guard let (key, relation, wanted) = split(text) else { throw Fault(condition: text) }
      return Condition(key: try RunKey(key, in: runs), relation: relation, wanted: wanted)
    }
    func split(_ text: String) -> (String, Relation, String)? {
      let signs = "!=<>"
      guard let sign = text.firstIndex(where: signs.contains) else { return nil }
      let key = text[..<sign].trimmed
      guard !key.isEmpty, let relation = Relation.allCases.first(where: { text[sign...].hasPrefix($0.rawValue) }) else {
        return nil
      }
      let wanted = text[sign...].dropFirst(relation.rawValue.count).trimmed
      // A name may hold "=" (run=rank=8,seed=1), but no value begins with a sign, and no bound holds one ("or", "AND").
      let isOrder = relation != .equals && relation != .differs
      let isOdd = wanted.first.map(signs.contains) ?? true
      let runsOn = wanted.hasSuffix(" and") || isOrder && wanted.contains(where: signs.contains)
      return isOdd || runsOn ? nil : (key, relation, wanted)
    }
  }

  /// Whether all conditions hold. A run without the value fulfils `!=` only.
  public func matches(_ run: RunRecord) -> Bool {
    conditions.allSatisfy { condition in
      guard let value = condition.key.value(of: run) else { return condition.relation == .differs }
      if let found = value.number, let wanted = Double(condition.wanted) {
        return holds(found, condition.relation, wanted)
      }
      return holds(text(value), condition.relation, condition.wanted)
    }
  }

  private func holds<Value: Comparable>(_ found: Value, _ relation: Relation, _ wanted: Value) -> Bool {
    switch relation {
    case .equals: found == wanted
    case .differs: found != wanted
    case .above: found > wanted
    case .below: found < wanted
    case .atLeast: found >= wanted
    case .atMost: found <= wanted
    }
  }
}

extension StringProtocol {
  /// Without blanks at its ends.
  fileprivate var trimmed: String {
    let start = drop { $0 == " " }
    return String(start.prefix(upTo: start.lastIndex { $0 != " " }.map { start.index(after: $0) } ?? start.startIndex))
  }
}
