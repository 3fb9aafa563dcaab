/// Parameters that have a pace of their own, found by their names.
import Adapters

public struct ParameterGroup: Sendable, Equatable {
  public enum Match: Sendable, Equatable {
    /// Names in which one of these stands, whole between dots: "classifier", "layer.0", "lora_B".
    case names([String])
    /// Names that the regular expression matches as a whole.
    case pattern(String)
  }
  public enum LearningRate: Sendable, Equatable {
    /// The peak, instead of the run's; nothing else changes it.
    case peak(Double)
    /// Times what it would be without the group.
    case ratio(Double)
  }

  public var match: Match
  public var learningRate = LearningRate.ratio(1)
  /// Of matrices; nil: the run's.
  public var weightDecay: Double?

  public init(_ match: Match, rate: LearningRate = .ratio(1), weightDecay: Double? = nil) {
    (self.match, self.learningRate, self.weightDecay) = (match, rate, weightDecay)
  }
}

/// A group that cannot be used, or that changes nothing.
public enum GroupFault: Error, CustomStringConvertible {
  case nothingMatches(group: Int, wanted: String, endings: [String])
  case taken(group: Int)

  public var description: String {
    switch self {
    case .nothingMatches(let group, let wanted, let endings):
      "training.groups.\(group).match: \"\(wanted)\" matches no parameter that learns. Their names end with: "
        + endings.joined(separator: ", ") + "."
    case .taken(let group):
      "training.groups.\(group): all that it matches belongs to groups before it, of which the first wins. Put it first."
    }
  }
}

extension ParameterGroup {
  /// The names that it matches; every one that is listed, and the pattern, must match some.
  /// - Throws: `GroupFault`; `TargetFault` where the pattern is none.
  func matches(among names: [String], _ group: Int) throws -> [String] {
    func found(_ wanted: String, _ matched: [String]) throws -> [String] {
      if !matched.isEmpty { return matched }
      let endings = Set(names.map { $0.split(separator: ".").suffix(2).joined(separator: ".") })
      throw GroupFault.nothingMatches(group: group, wanted: wanted, endings: endings.sorted())
    }
    switch match {
    case .names(let wanted):
      return try wanted.flatMap { part in
        try found(part, names.filter { ".\($0).".contains(".\(part).") })
      }
    case .pattern(let pattern):
      return try found(pattern, names.filter(expression(pattern, key: "training.groups.\(group).match")))
    }
  }
}
