/// Parameter groups: parameters, selected by name, with their own learning rate or weight decay.
import Adapters

package struct ParameterGroup: Sendable, Equatable {
  package enum Match: Sendable, Equatable {
    /// Name parts, each complete between dots: "classifier", "layer.0", "lora_B". One of them must be in the name.
    case names([String])
    /// A regular expression for the whole name.
    case pattern(String)
  }
  package enum LearningRate: Sendable, Equatable {
    /// The group's peak learning rate. The method's factor (layer-wise decay, LoRA+) does not change it.
    case peak(Double)
    /// Multiplies the learning rate that the parameter has without the group.
    case ratio(Double)
  }

  package var match: Match
  /// nil: the learning rate that the parameter has without the group.
  package var learningRate: LearningRate?
  /// Not for biases and LayerNorm, which never decay; nil: the run's weight decay.
  package var weightDecay: Double?

  package init(_ match: Match, learningRate: LearningRate? = nil, weightDecay: Double? = nil) {
    (self.match, self.learningRate, self.weightDecay) = (match, learningRate, weightDecay)
  }
}

/// A parameter group that matches no parameter, or only parameters of earlier groups.
package enum GroupFault: Error, CustomStringConvertible {
  case nothingMatches(group: Int, match: String, suffixes: [String])
  case taken(group: Int)

  package var description: String {
    switch self {
    case .nothingMatches(let group, let match, let suffixes):
      "training.groups.\(group).match: \"\(match)\" matches no trainable parameter. Their names end with: "
        + suffixes.joined(separator: ", ") + "."
    case .taken(let group):
      "training.groups.\(group): all matching parameters belong to earlier groups, and the first match wins. Move this "
        + "group up."
    }
  }
}

extension ParameterGroup {
  /// The names that the group matches.
  /// - Throws: `GroupFault` if the pattern or a listed name part matches none; `TargetFault` if the pattern is not a
  ///   regular expression.
  func matches(among names: [String], _ group: Int) throws -> [String] {
    func check(_ match: String, _ matched: [String]) throws -> [String] {
      if !matched.isEmpty { return matched }
      let suffixes = Set(names.map { $0.split(separator: ".").suffix(2).joined(separator: ".") })
      throw GroupFault.nothingMatches(group: group, match: match, suffixes: suffixes.sorted())
    }
    switch match {
    case .names(let parts):
      return try parts.flatMap { part in
        try check(part, names.filter { ".\($0).".contains(".\(part).") })
      }
    case .pattern(let pattern):
      return try check(pattern, names.filter(expression(pattern, key: "training.groups.\(group).match")))
    }
  }
}
