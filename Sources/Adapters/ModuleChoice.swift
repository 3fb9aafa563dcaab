/// Which modules of a model a method adapts or trains: PEFT's `target_modules` and related keys.
import Autograd
package import Encoders

package struct ModuleChoice: Sendable, Equatable {
  package enum Targets: Sendable, Equatable {
    /// Modules with these names or name suffixes.
    case suffixes([String])
    /// Modules whose whole name the regular expression matches.
    case pattern(String)
    /// Every projection of the encoder and its pooler, without the classifier.
    case allLinear
  }

  /// `target_modules`; nil: the method's defaults.
  package var targets: Targets?
  /// `exclude_modules`.
  package var exclude: Targets?
  /// `layers_to_transform`; nil: all. As in PEFT, modules that `targets` lists by their full names are adapted in any layer.
  package var layers: [Int]?
  /// `modules_to_save`: modules that are trained and saved in full, besides the head.
  package var modulesToSave: [String] = []

  package init() {}

  /// `layers_pattern`: names of the lists of layers that `layers` counts in; empty: of any.
  var layersPattern: [String] = []
  /// What the names of modules lack in the file that this was read from: `bert.` if its model had no head.
  var omittedPrefix = ""
  /// The name of a module in the file's model, which the file's patterns are matched against.
  func nameInFile(_ module: String) -> String { String(module.trimmingPrefix(omittedPrefix)) }

  /// Modules of a newly initialized head, which `modulesToSave` includes: they are no targets.
  private(set) var newHeadModules: [String] = []

  mutating func addModulesToSave(_ modules: [String]) {
    modulesToSave += modules.filter { !modulesToSave.contains($0) }
    newHeadModules += modules
  }
}

/// A choice of modules that the model or the method does not allow.
package enum TargetFault: Error, CustomStringConvertible {
  case badPattern(key: String, pattern: String, why: String)
  case nothingMatches(key: String, pattern: String, modules: [String])
  case nothingExcluded(String)
  case layers([Int], count: Int)
  case saved(String, target: String)
  case rank(Int, module: String, limit: Int)
  case joined(String)
  case notTargeted(String)
  case nothingTrainable(method: String)
  /// The method "trainable_tokens" without tokens.
  case noTokens
  /// A module of one task's head that an adapter of several tasks would change.
  case head(String)

  package var description: String {
    switch self {
    case .badPattern(let key, let pattern, let why):
      "'\(key)': the pattern \"\(pattern)\" cannot be used: \(why)."
    case .nothingExcluded(let pattern):
      "'exclude_modules': \"\(pattern)\" excludes none of the modules that 'target_modules' chooses. Correct it, or remove "
        + "it. A list has names or name suffixes; a regular expression must match a module's whole name."
    case .layers(let layers, let count):
      "'layers_to_transform': \(layers.map(String.init).joined(separator: ", ")); this model has layers 0 to "
        + "\(count - 1)."
    case .saved(let name, let target):
      "'modules_to_save': \"\(name)\" is or contains \(target), which gets an adapter; PEFT cannot load both."
    case .rank(let rank, let module, let limit):
      "'rank': \(rank) for \(module), whose weight has no side longer than \(limit); expected at most that."
    case .joined(let module):
      "'feedforward_modules': \(module) shares its input with other modules in one GEMM, so only its output can be "
        + "scaled. Remove it from 'feedforward_modules'."
    case .notTargeted(let name):
      "'feedforward_modules': \"\(name)\" is not in 'target_modules'; PEFT requires it in both."
    case .nothingTrainable(let method):
      "'method': \"\(method)\" trains nothing here: the decoder of a masked language model is tied to the word "
        + "embeddings. Set 'modules_to_save' or use another method."
    case .head(let module):
      "'target_modules': \(module) belongs to the head of one task, but several share the adapter. Leave it out, with "
        + "'exclude_modules' or other 'target_modules'."
    case .noTokens:
      "'method': \"trainable_tokens\" trains the tokens of 'model.new_tokens', which names none. Name them, or use another "
        + "method."
    case .nothingMatches(let key, let pattern, let modules):
      "'\(key)': \(pattern) matches no module of this model. Its modules end with: \(modules.joined(separator: ", "))."
    }
  }
}

extension ModuleChoice {
  /// The chosen modules among `names`, in their order.
  /// - Parameters:
  ///   - defaults: name suffixes that are used if `targets` is nil.
  ///   - strict: whether each listed name must match. PEFT's files also list names that are then excluded.
  /// - Throws: `TargetFault` for an invalid pattern, or for a name or selection that matches no module.
  func select(among names: [String], defaults: [String], in model: TextModel, strict: Bool) throws -> [String] {
    let targets = targets ?? .suffixes(defaults)
    if strict, case .suffixes(let suffixes) = targets {
      for suffix in suffixes where !names.contains(where: { isSuffix(suffix, of: $0) }) {
        throw TargetFault.nothingMatches(key: "target_modules", pattern: "\"\(suffix)\"", modules: endings(of: names))
      }
    }
    let count = model.config.numHiddenLayers
    let absent = (layers ?? []).filter { !(0..<count).contains($0) }
    if strict, !absent.isEmpty { throw TargetFault.layers(absent, count: count) }
    let targeted = try names.filter(matcher(of: targets))
    // PEFT 0.21 silently does not adapt modules to save. That is accepted in a file; in a recipe it is an error.
    let saved = strict ? newHeadModules : modulesToSave
    let excluded = try exclude.map { try exclusion(by: $0, among: targeted, strict: strict) } ?? []
    let chosen = targeted.filter { !excluded.contains($0) && !belongs($0 + ".weight", to: saved) }
    if chosen.isEmpty {
      throw TargetFault.nothingMatches(key: "target_modules", pattern: "the selection", modules: endings(of: names))
    }
    if strict { try checkSaved(adapted: chosen, in: model, endings(of: names)) }
    return chosen
  }

  /// - Parameter strict: whether the pattern, or each listed name, must exclude a module.
  private func exclusion(by exclude: Targets, among targeted: [String], strict: Bool) throws -> Set<String> {
    let parts: [Targets] = if case .suffixes(let names) = exclude { names.map { .suffixes([$0]) } } else { [exclude] }
    return try parts.reduce(into: []) { excluded, part in
      let found = try targeted.filter(part.matcher(key: "exclude_modules"))
      if strict, found.isEmpty { throw TargetFault.nothingExcluded(part.text) }
      excluded.formUnion(found)
    }
  }

  /// `select` among the model's projections.
  func projections(of model: TextModel, defaults: [String], strict: Bool) throws -> [Projection] {
    let all = model.projections
    let chosen = Set(try select(among: all.map(\.name), defaults: defaults, in: model, strict: strict))
    return all.filter { chosen.contains($0.name) }
  }

  /// Throws if an entry of `modulesToSave` matches no module, or if it contains an adapted one, which PEFT cannot load.
  func checkSaved(adapted: [String] = [], in model: TextModel, _ endings: [String]) throws {
    for module in modulesToSave {
      let weights = model.parameters.map(\.name).filter { belongs($0, to: [module]) }
      if weights.isEmpty {
        throw TargetFault.nothingMatches(key: "modules_to_save", pattern: "\"\(module)\"", modules: endings)
      }
      if let target = adapted.first(where: { weights.contains($0 + ".weight") }) {
        throw TargetFault.saved(module, target: target)
      }
    }
  }

  func isInLayers(_ name: String) -> Bool {
    guard let layers else { return true }
    return layerIndex(of: name).map(layers.contains) ?? false
  }
}

extension ModuleChoice.Targets {
  /// A function that tests whether a module is a target.
  /// - Throws: `TargetFault.badPattern` with `key`.
  func matcher(key: String) throws -> (String) throws -> Bool {
    switch self {
    case .suffixes(let suffixes): { name in suffixes.contains { isSuffix($0, of: name) } }
    case .pattern(let pattern): try expression(pattern, key: key)
    case .allLinear: { _ in true }
    }
  }

  /// For messages.
  fileprivate var text: String {
    switch self {
    case .suffixes(let names): names.joined(separator: ", ")
    case .pattern(let pattern): pattern
    case .allLinear: "all-linear"
    }
  }

  /// Names of the weights in the modules with these names or name suffixes, or of the weights whose whole name the
  /// regular expression matches.
  /// - Throws: `TargetFault` for a name or an expression that matches nothing.
  package func weights(of model: TextModel, key: String) throws -> Set<String> {
    let names = model.parameters.map(\.name)
    func matches(_ pattern: String, _ isMatch: (String) throws -> Bool) throws -> [String] {
      let matches = try names.filter(isMatch)
      if !matches.isEmpty { return matches }
      let modules = Set(names.flatMap { $0.split(separator: ".").dropLast().map(String.init) })
      throw TargetFault.nothingMatches(
        key: key, pattern: "\"\(pattern)\"", modules: modules.filter { Int($0) == nil }.sorted())
    }
    switch self {
    case .suffixes(let modules):
      return Set(try modules.flatMap { module in try matches(module) { belongs($0, to: [module]) } })
    case .pattern(let pattern): return Set(try matches(pattern, expression(pattern, key: key)))
    case .allLinear: return Set(model.projections.flatMap { $0.parameters.map(\.name) })
    }
  }
}

/// Whether `name` equals `suffix`, or ends with it after a dot.
func isSuffix(_ suffix: String, of name: String) -> Bool { name == suffix || name.hasSuffix("." + suffix) }

/// The distinct last parts of the names, sorted.
func endings(of names: [String]) -> [String] {
  Set(names.map { $0.split(separator: ".").last.map(String.init) ?? $0 }).sorted()
}

/// A function that tests whether the regular expression matches a whole name, as Python's `re.fullmatch`.
/// - Parameter isEnd: whether it matches the end of the name, as PEFT's `rank_pattern`.
/// - Throws: `TargetFault.badPattern` with `key`.
package func expression(
  _ pattern: String, key: String, atEndOfName isEnd: Bool = false
) throws -> (String) throws -> Bool {
  func naming<R>(_ body: () throws(PatternFault) -> R) throws -> R {
    do { return try body() } catch { throw TargetFault.badPattern(key: key, pattern: pattern, why: "\(error)") }
  }
  let compiled = try naming { () throws(PatternFault) in
    try isEnd ? Pattern(atEndOfName: pattern) : Pattern(pattern)
  }
  return { name in try naming { () throws(PatternFault) in try compiled.matches(name) } }
}
