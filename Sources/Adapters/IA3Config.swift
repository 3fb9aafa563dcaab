/// IA3's config, as PEFT's `IA3Config`.
import Autograd
package import Encoders
package import Files

package struct IA3Config: Sendable, Equatable {
  /// Default targets: key, value and `output.dense`, or the corresponding modules of DistilBERT.
  package var modules = ModuleChoice()
  /// `feedforward_modules`: targets whose input is scaled. nil: `output.dense`, if it is a target.
  package var feedforward: ModuleChoice.Targets?
  /// Initialize all scales to 1, so that the adapted model initially equals the base; else from a normal distribution.
  package var initIA3Weights = true

  package init() {}
}

extension IA3Config: ModuleMethod {
  package static var peftType: String { "IA3" }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    var injection = Injection()
    for (projection, isFeedforward) in try resolve(in: model, strict: seed != nil) {
      let adapter = IA3(projection, isFeedforward: isFeedforward)
      if let seed { (initIA3Weights ? Initializer.one : .normal(1)).fill(adapter.gain, seed: seed) }
      injection.projections.append((projection, adapter))
      injection.tensors.append(SavedParameter(name: Self.tensorPrefix + adapter.gain.name, parameter: adapter.gain))
    }
    injection.replacedWeights = model.weights(of: modulesToSave, prefix: Self.tensorPrefix)
    return injection
  }

  /// The projections to scale, and whether their input is scaled.
  /// - Parameter strict: whether each listed name must match, and feed-forward modules must be targets, as in PEFT.
  /// - Throws: `TargetFault`.
  func resolve(in model: TextModel, strict: Bool) throws -> [(projection: Projection, isFeedforward: Bool)] {
    let chosen = try modules.projections(
      of: model, defaults: model.config.family.architecture.adapters.ia3.targets, strict: strict)
    let feedforward = feedforward(in: model)
    if strict, case .suffixes(let names) = feedforward { try check(names, chosen.map(\.name)) }
    let isFeedforward = try matcher(feedforward)
    if strict, case .pattern(let pattern) = feedforward, try !chosen.contains(where: { try isFeedforward($0.name) }) {
      throw TargetFault.nothingMatches(
        key: "feedforward_modules", pattern: "\"\(pattern)\"", modules: endings(of: chosen.map(\.name)))
    }
    return try chosen.map { projection in
      let scalesInput = try isFeedforward(projection.name)
      if scalesInput, !model.isSeparate(projection) { throw TargetFault.joined(projection.name) }
      return (projection, scalesInput)
    }
  }

  /// `feedforward_modules`, or its default.
  private func feedforward(in model: TextModel) -> ModuleChoice.Targets {
    if let feedforward { return feedforward }
    let defaults = model.config.family.architecture.adapters.ia3.feedforward
    guard case .suffixes(let targets) = modules.targets else { return .suffixes(defaults) }
    return .suffixes(defaults.filter(targets.contains))
  }

  /// Here PEFT compares name suffixes without a dot before them.
  private func matcher(_ feedforward: ModuleChoice.Targets) throws -> (String) throws -> Bool {
    switch feedforward {
    case .suffixes(let names): return { name in names.contains { name.hasSuffix($0) } }
    case .pattern(let pattern):
      let matches = try expression(pattern, key: "feedforward_modules")
      return { try matches(modules.nameInFile($0)) }
    case .allLinear: return { _ in true }
    }
  }

  private func check(_ names: [String], _ chosen: [String]) throws {
    for name in names {
      if case .suffixes(let targets) = modules.targets, !targets.contains(name) { throw TargetFault.notTargeted(name) }
      if !chosen.contains(where: { $0.hasSuffix(name) }) {
        throw TargetFault.nothingMatches(
          key: "feedforward_modules", pattern: "\"\(name)\"", modules: endings(of: chosen))
      }
    }
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    let (lists, feedforward) = try moduleLists(in: model)
    var settings = lists.json
    settings["layers_to_transform"] = nil
    settings["fan_in_fan_out"] = false
    settings["feedforward_modules"] = .array(feedforward.map(JSON.string))
    settings["init_ia3_weights"] = .bool(initIA3Weights)
    settings["modules_to_save"] = modules.modulesToSaveJSON(in: model)
    return settings
  }

  /// The keys that choose modules, and `feedforward_modules`, which PEFT requires among `target_modules`: name suffixes
  /// if they choose exactly these modules, else full names.
  private func moduleLists(in model: TextModel) throws -> (ModuleChoice.Lists, feedforward: [String]) {
    let resolved = try resolve(in: model, strict: false)
    let chosen = resolved.map(\.projection.name)
    if case .suffixes(let suffixes) = feedforward(in: model) {
      let lists = modules.lists(
        chosen, among: model.projections.map(\.name), defaults: model.config.family.architecture.adapters.ia3.targets,
        allLinear: Set(endings(of: chosen) + suffixes).sorted())
      if suffixes.allSatisfy(lists.targets.contains) { return (lists, suffixes.sorted()) }
    }
    return (ModuleChoice.Lists(targets: chosen), resolved.filter(\.isFeedforward).map(\.projection.name))
  }

  package init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    initIA3Weights = file["init_ia3_weights", "true or false", { $0.bool }] ?? true
    feedforward =
      file[
        "feedforward_modules", "a list of module names or a regular expression",
        { $0 == .array([]) ? .suffixes([]) : ModuleChoice.Targets($0) }]
    modules = ModuleChoice(&file)
  }
}
