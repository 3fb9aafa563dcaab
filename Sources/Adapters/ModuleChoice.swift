/// Which modules of a model a method changes, in PEFT's terms, and which module each term matches.

import Autograd
public import Models

public struct ModuleChoice: Sendable, Equatable {
  public enum Targets: Sendable, Equatable {
    /// Modules whose path equals or ends with one of these.
    case suffixes([String])
    /// Modules whose whole path the regular expression matches.
    case pattern(String)
    /// Every projection of the encoder and its pooler; never the classifier.
    case allLinear
  }

  /// nil: those that the method usually changes.
  public var targets: Targets?
  public var exclude: Targets?
  /// Blocks that are adapted; nil: all.
  public var layers: [Int]?
  /// Modules trained and saved whole, beside the head.
  public var modulesToSave: [String] = []

  public init() {}

  /// Modules that are trained and saved whole are no target, whatever the targets' names match.
  mutating func addModulesToSave(_ modules: [String]) {
    if modules.isEmpty { return }
    modulesToSave += modules.filter { !modulesToSave.contains($0) }
    switch exclude {
    case nil: exclude = .suffixes(modules)
    case .suffixes(let names): exclude = .suffixes(names + modules)
    case .pattern(let pattern):
      exclude = .pattern("(\(pattern))|" + modules.map { $0.replacing(".", with: "\\.") }.joined(separator: "|"))
    case .allLinear: break
    }
  }
}

/// A module pattern that cannot be used, or that finds nothing.
public enum TargetFault: Error, CustomStringConvertible {
  case badPattern(key: String, pattern: String, why: String)
  case nothingMatches(key: String, wanted: String, modules: [String])
  case layers([Int], count: Int)
  case saved(String, target: String)
  case rank(Int, module: String, limit: Int)
  case joined(String)
  case untargeted(String)
  case nothingLearns(method: String)

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
    case .joined(let module):
      "'feedforward_modules': \(module) reads one input in one product with its neighbours, so that only its output can "
        + "be scaled. Leave it out of 'feedforward_modules'."
    case .untargeted(let name):
      "'feedforward_modules': \"\(name)\" is not among 'target_modules'; PEFT wants it in both."
    case .nothingLearns(let method):
      "'method': \"\(method)\" trains nothing here: the classifier of a masked-language model is its table of words. "
        + "Give 'modules_to_save', or another method."
    case .nothingMatches(let key, let wanted, let modules):
      "'\(key)': \(wanted) matches no module of this model. Its modules end with: \(modules.joined(separator: ", "))."
    }
  }
}

extension ModuleChoice {
  /// Those of the modules `names` that are chosen, in their order.
  /// - Parameters:
  ///   - usual: the ends of the names that are chosen where `targets` is nil.
  ///   - everyName: whether each listed name must match; PEFT also lists names that it then excludes.
  /// - Throws: `TargetFault` where a pattern is broken, or where nothing (or one listed name) matches no module.
  func select(among names: [String], defaults: [String], in model: TextModel, strict: Bool) throws -> [String] {
    let targets = targets ?? .suffixes(defaults)
    let wanted = try matcher(targets, key: "target_modules")
    let unwanted = try exclude.map { try matcher($0, key: "exclude_modules") }
    if strict, case .suffixes(let suffixes) = targets {
      for suffix in suffixes where !names.contains(where: { isSuffix(suffix, of: $0) }) {
        throw TargetFault.nothingMatches(key: "target_modules", wanted: "\"\(suffix)\"", modules: endings(of: names))
      }
    }
    let count = model.config.numHiddenLayers
    let absent = (layers ?? []).filter { !(0..<count).contains($0) }
    if strict, !absent.isEmpty { throw TargetFault.layers(absent, count: count) }
    // PEFT 0.21 takes no target of what is saved whole; who writes a recipe is told.
    let chosen = try names.filter { name in
      try wanted(name) && !(unwanted?(name) ?? false) && isInLayers(name)
        && (strict || !belongs(name + ".weight", to: modulesToSave))
    }
    if chosen.isEmpty {
      throw TargetFault.nothingMatches(key: "target_modules", wanted: "the selection", modules: endings(of: names))
    }
    if strict { try checkSaved(adapted: chosen, in: model, endings(of: names)) }
    return chosen
  }

  /// The same as `select`, among the model's projections.
  func projections(of model: TextModel, defaults: [String], strict: Bool) throws -> [Projection] {
    let all = model.projections
    let chosen = Set(try select(among: all.map(\.name), defaults: defaults, in: model, strict: strict))
    return all.filter { chosen.contains($0.name) }
  }

  /// Saved modules that match nothing are mistakes; one that is adapted too is one for PEFT.
  func checkSaved(adapted: [String] = [], in model: TextModel, _ endings: [String]) throws {
    for saved in modulesToSave {
      let owned = model.parameters.map(\.name).filter { belongs($0, to: [saved]) }
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

  private func matcher(_ targets: Targets, key: String) throws -> (String) throws -> Bool {
    switch targets {
    case .suffixes(let suffixes): { name in suffixes.contains { isSuffix($0, of: name) } }
    case .pattern(let pattern): try expression(pattern, key: key)
    case .allLinear: { _ in true }
    }
  }
}

extension ModuleChoice.Targets {
  /// The weights of the modules with these names, or of these ends; or those whose whole names the expression matches.
  /// - Throws: `TargetFault` where a name or the expression matches nothing.
  public func weights(of model: TextModel, key: String) throws -> Set<String> {
    let names = model.parameters.map(\.name)
    func found(_ wanted: String, _ isWanted: (String) throws -> Bool) throws -> [String] {
      let found = try names.filter(isWanted)
      if !found.isEmpty { return found }
      let modules = Set(names.flatMap { $0.split(separator: ".").dropLast().map(String.init) })
      throw TargetFault.nothingMatches(
        key: key, wanted: "\"\(wanted)\"", modules: modules.filter { Int($0) == nil }.sorted())
    }
    switch self {
    case .suffixes(let modules):
      return Set(try modules.flatMap { module in try found(module) { belongs($0, to: [module]) } })
    case .pattern(let pattern): return Set(try found(pattern, expression(pattern, key: key)))
    case .allLinear: return Set(model.projections.flatMap { [$0.weight.name, $0.bias.name] })
    }
  }
}

/// Whether `name` is `suffix` or ends with it after a dot.
func isSuffix(_ suffix: String, of name: String) -> Bool { name == suffix || name.hasSuffix("." + suffix) }

/// The last parts of the names, each once.
func endings(of names: [String]) -> [String] {
  Set(names.map { $0.split(separator: ".").last.map(String.init) ?? $0 }).sorted()
}

/// Whether the regular expression matches a whole name.
/// - Throws: `TargetFault.badPattern`, which says that it was found at `key`.
public func expression(_ pattern: String, key: String) throws -> (String) throws -> Bool {
  do {
    let regex = try Regex(pattern)
    return { try regex.wholeMatch(in: $0) != nil }
  } catch {
    throw TargetFault.badPattern(key: key, pattern: pattern, why: "\(error)")
  }
}
