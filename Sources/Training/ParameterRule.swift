/// How fast each parameter learns and decays, as a factor of the run's own pace.
import Autograd

/// What the steps are for one parameter.
public struct ParameterRule: Sendable, Equatable {
  /// The learning rate is the schedule's times this.
  public var rate = 1.0
  /// A weight loses this share of itself times its rate at each step.
  public var decay = 0.0

  public init(rate: Double = 1, decay: Double = 0) { (self.rate, self.decay) = (rate, decay) }
}

/// Parameters that have a pace of their own.
public struct ParameterGroup: Sendable, Equatable {
  public enum Match: Sendable, Equatable {
    /// Names in which one of these stands, whole between dots: "classifier", "layer.0", "lora_B".
    case names([String])
    /// Names that the regular expression matches as a whole.
    case pattern(String)
  }
  public enum Rate: Sendable, Equatable {
    /// The peak, instead of the run's; nothing else changes it.
    case peak(Double)
    /// Times what it would be without the group.
    case ratio(Double)
  }

  public var match: Match
  public var rate = Rate.ratio(1)
  /// Of matrices; nil: the run's.
  public var weightDecay: Double?

  public init(_ match: Match, rate: Rate = .ratio(1), weightDecay: Double? = nil) {
    (self.match, self.rate, self.weightDecay) = (match, rate, weightDecay)
  }
}

/// A group that cannot be used, or that changes nothing.
public enum GroupFault: Error, CustomStringConvertible {
  case badPattern(group: Int, pattern: String, why: String)
  case nothingMatches(group: Int, wanted: String, endings: [String])
  case taken(group: Int)

  public var description: String {
    switch self {
    case .badPattern(let group, let pattern, let why):
      "training.groups.\(group).match: \"\(pattern)\" is no regular expression (\(why))."
    case .nothingMatches(let group, let wanted, let endings):
      "training.groups.\(group).match: \"\(wanted)\" matches no parameter that learns. Their names end with: "
        + endings.joined(separator: ", ") + "."
    case .taken(let group):
      "training.groups.\(group): all that it matches belongs to groups before it, of which the first wins. Put it first."
    }
  }
}

extension ParameterTable {
  /// The rules of the parameters, in order.
  /// - Parameter factor: of a parameter's rate, from the method that trains it; layer-wise decay, LoRA+.
  /// - Throws: `GroupFault`.
  func rules(
    _ settings: TrainingSettings, factor: (Parameter) -> Double = { _ in 1 }
  ) throws -> [ParameterRule] {
    let names = parameters.map(\.name)
    var groups: [String: ParameterGroup] = [:]
    for (index, group) in settings.groups.enumerated() {
      let matched = try group.matches(among: names, index)
      let new = matched.filter { groups[$0] == nil }
      if new.isEmpty { throw GroupFault.taken(group: index) }
      for name in new { groups[name] = group }
    }
    return parameters.map { parameter in
      let group = groups[parameter.name]
      let rate =
        switch group?.rate {
        case .peak(let peak): peak / settings.learningRate
        case .ratio(let ratio): ratio * factor(parameter)
        case nil: factor(parameter)
        }
      let decay = group?.weightDecay ?? settings.optimizer.weightDecay
      return ParameterRule(rate: rate, decay: decays(parameter.name) ? decay : 0)
    }
  }
}

extension ParameterGroup {
  /// The names that it matches; every one that is listed, and the pattern, must match some.
  fileprivate func matches(among names: [String], _ group: Int) throws -> [String] {
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
      do {
        let regex = try Regex(pattern)
        return try found(pattern, try names.filter { try regex.wholeMatch(in: $0) != nil })
      } catch let fault as GroupFault {
        throw fault
      } catch {
        throw GroupFault.badPattern(group: group, pattern: pattern, why: "\(error)")
      }
    }
  }
}

/// Biases and LayerNorm's weights do not decay, as in transformers' Trainer.
func decays(_ name: String) -> Bool {
  !name.hasSuffix(".bias") && !name.contains("LayerNorm") && !name.contains("layer_norm")
}

/// Layer-wise decay of the learning rate (Howard & Ruder 2018; exponents as BEiT's): the head 1, the last layer `decay`,
/// each layer before it `decay` of the next, the embeddings `decay`^(layers + 1).
/// - Parameters:
///   - name: a parameter's, `bert.encoder.layer.3.attention.self.query.weight`.
///   - layers: of the encoder.
public func layerFactor(_ name: String, decay: Double, layers: Int) -> Double {
  let parts = name.split(separator: ".")
  let layer = zip(parts, parts.dropFirst()).first { $0.0 == "layer" }.flatMap { Int($0.1) }
  let depth = layer.map { $0 + 1 } ?? (parts.contains("embeddings") ? 0 : layers + 1)
  return (depth..<max(depth, layers + 1)).reduce(1.0) { factor, _ in factor * decay }
}
