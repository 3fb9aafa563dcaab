/// What a LoRA adapter changes, in PEFT's terms, and which module each term matches.
import Autograd
public import Models

public struct LoRAConfig: Sendable, Equatable {
  public enum Targets: Sendable, Equatable {
    /// Modules whose path equals or ends with one of these.
    case suffixes([String])
    /// Modules whose whole path the regular expression matches.
    case pattern(String)
    /// Every projection of the encoder and its pooler; never the classifier.
    case allLinear
  }

  public enum Bias: String, Sendable { case none, all, loraOnly = "lora_only" }

  public var rank = 8
  public var alpha = 8.0
  public var dropout = 0.0
  /// nil: query and value, by the names of the model's family.
  public var targets: Targets?
  public var exclude: Targets?
  public var rankPattern: [String: Int] = [:]
  public var alphaPattern: [String: Double] = [:]
  public var useRSLoRA = false
  /// Blocks that are adapted; nil: all.
  public var layers: [Int]?
  public var bias = Bias.none
  /// Modules trained and saved whole, beside the head.
  public var modulesToSave: [String] = []

  public init() {}
}

/// A module pattern that cannot be used, or that finds nothing.
public enum TargetFault: Error, CustomStringConvertible {
  case badPattern(key: String, pattern: String, why: String)
  case nothingMatches(key: String, wanted: String, modules: [String])
  case layers([Int], count: Int)
  case saved(String, target: String)
  case rank(Int, module: String, limit: Int)

  public var description: String {
    switch self {
    case .badPattern(let key, let pattern, let why):
      "'\(key)': \"\(pattern)\" is no regular expression (\(why))."
    case .layers(let layers, let count):
      "'layers_to_transform': \(layers.map(String.init).joined(separator: ", ")); this model has layers 0 to \(count - 1)."
    case .saved(let name, let target):
      "'modules_to_save': \"\(name)\" is, or holds, \(target), which gets an adapter; PEFT cannot load both."
    case .rank(let rank, let module, let limit):
      "'rank': \(rank) for \(module), whose matrix has no side longer than \(limit); a rank beyond that adds nothing."
    case .nothingMatches(let key, let wanted, let modules):
      "'\(key)': \(wanted) matches no module of this model. Its modules end with: \(modules.joined(separator: ", "))."
    }
  }
}

extension LoRAConfig {
  /// The projections to adapt, each with its rank and its scale.
  /// - Parameter everyName: whether each listed name must match; PEFT also lists names that it then excludes.
  /// - Throws: `TargetFault` where a pattern is broken, or where nothing (or one listed name) matches no module.
  public func resolve(in model: TextModel, everyName: Bool = true) throws -> [(
    projection: Projection, rank: Int, scale: Double
  )] {
    let targets = targets(in: model)
    let wanted = try matcher(targets, key: "target_modules")
    let unwanted = try exclude.map { try matcher($0, key: "exclude_modules") }
    let names = model.projections.map(\.name)
    let endings = Set(names.map { $0.split(separator: ".").last.map(String.init) ?? $0 }).sorted()
    if everyName, case .suffixes(let suffixes) = targets {
      for suffix in suffixes where !names.contains(where: { isSuffix(suffix, of: $0) }) {
        throw TargetFault.nothingMatches(key: "target_modules", wanted: "\"\(suffix)\"", modules: endings)
      }
    }
    let count = model.config.layers
    let absent = (layers ?? []).filter { !(0..<count).contains($0) }
    if everyName, !absent.isEmpty { throw TargetFault.layers(absent, count: count) }
    let chosen = try model.projections.filter { projection in
      try wanted(projection.name) && !(unwanted?(projection.name) ?? false) && isInLayers(projection.name)
    }
    if chosen.isEmpty {
      throw TargetFault.nothingMatches(key: "target_modules", wanted: "the selection", modules: endings)
    }
    if everyName { try checkNames(chosen.map(\.name), in: model, endings) }
    return try chosen.map { projection in
      let rank = try lookUp(rankPattern, projection.name, key: "rank_pattern") ?? self.rank
      let limit = max(projection.inputs, projection.outputs)
      guard rank <= limit else { throw TargetFault.rank(rank, module: projection.name, limit: limit) }
      let alpha = try lookUp(alphaPattern, projection.name, key: "alpha_pattern") ?? self.alpha
      return (projection, rank, useRSLoRA ? alpha / Double(rank).squareRoot() : alpha / Double(rank))
    }
  }

  func targets(in model: TextModel) -> Targets { targets ?? .suffixes(model.config.family.names.usualTargets) }

  /// Patterns and saved modules that match nothing are mistakes; a saved module that is adapted too is one for PEFT.
  private func checkNames(_ adapted: [String], in model: TextModel, _ endings: [String]) throws {
    for (key, patterns) in [("rank_pattern", Array(rankPattern.keys)), ("alpha_pattern", Array(alphaPattern.keys))] {
      for pattern in patterns where try !adapted.contains(where: try expression("(.*\\.)?(\(pattern))", key: key)) {
        throw TargetFault.nothingMatches(key: key, wanted: "\"\(pattern)\"", modules: endings)
      }
    }
    for saved in modulesToSave {
      var one = LoRAConfig()
      one.modulesToSave = [saved]
      let owned = model.parameters.map(\.name).filter { one.owns($0, adapted: []) }
      if owned.isEmpty {
        throw TargetFault.nothingMatches(key: "modules_to_save", wanted: "\"\(saved)\"", modules: endings)
      }
      if let target = adapted.first(where: { owned.contains($0 + ".weight") }) {
        throw TargetFault.saved(saved, target: target)
      }
    }
  }

  private func isInLayers(_ name: String) -> Bool {
    guard let layers else { return true }
    guard let index = layerIndex(of: name) else { return false }
    return layers.contains(index)
  }

  /// The value of the pattern that the name ends with; of several, the longest.
  private func lookUp<Value>(_ patterns: [String: Value], _ name: String, key: String) throws -> Value? {
    for (pattern, value) in patterns.sorted(by: { ($1.key.count, $0.key) < ($0.key.count, $1.key) }) {
      if try expression("(.*\\.)?(\(pattern))", key: key)(name) { return value }
    }
    return nil
  }

  private func matcher(_ targets: Targets, key: String) throws -> (String) throws -> Bool {
    switch targets {
    case .suffixes(let suffixes): { name in suffixes.contains { isSuffix($0, of: name) } }
    case .pattern(let pattern): try expression(pattern, key: key)
    case .allLinear: { _ in true }
    }
  }
}

/// Whether `name` is `suffix` or ends with it after a dot.
func isSuffix(_ suffix: String, of name: String) -> Bool { name == suffix || name.hasSuffix("." + suffix) }

/// `3` of `bert.encoder.layer.3.attention.self.query`.
private func layerIndex(of name: String) -> Int? {
  let parts = name.split(separator: ".")
  return zip(parts, parts.dropFirst()).first { $0.0 == "layer" }.flatMap { Int($0.1) }
}

private func expression(_ pattern: String, key: String) throws -> (String) throws -> Bool {
  do {
    let regex = try Regex(pattern)
    return { try regex.wholeMatch(in: $0) != nil }
  } catch {
    throw TargetFault.badPattern(key: key, pattern: pattern, why: "\(error)")
  }
}
