/// What an IA3 adapter changes, in PEFT's terms.
import Autograd
public import Files
public import Models

public struct IA3Config: Sendable, Equatable {
  /// Key, value and both blocks' `output.dense`, by the names of the model's family, unless it says otherwise.
  public var modules = ModuleChoice()
  /// Targets of which the input is scaled; nil: `output.dense`, where it is one.
  public var feedforward: ModuleChoice.Targets?
  /// Whether all scales start from 1, so that the model starts as it was; else from chance.
  public var initIA3Weights = true

  public init() {}
}

extension IA3Config: ModuleMethod {
  public static var peftType: String { "IA3" }

  public func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    var fitting = Injection()
    for (projection, isFeedforward) in try resolve(in: model, strict: seed != nil) {
      let adapter = IA3(projection, isFeedforward: isFeedforward)
      if let seed { (initIA3Weights ? Initializer.one : .normal(1)).fill(adapter.gain, seed: seed) }
      fitting.projections.append((projection, adapter))
      fitting.tensors.append(SavedParameter(name: Self.tensorPrefix + adapter.gain.name, parameter: adapter.gain))
    }
    fitting.replacedWeights = model.weights(of: modulesToSave, prefix: Self.tensorPrefix)
    return fitting
  }

  /// The projections to scale, and whether it is their input that is scaled.
  /// - Parameter everyName: whether each listed name must match, and feed-forwards be targets as PEFT wants it.
  /// - Throws: `TargetFault`.
  func resolve(in model: TextModel, strict: Bool) throws -> [(projection: Projection, isFeedforward: Bool)] {
    let chosen = try modules.projections(of: model, defaults: model.config.family.scaled.targets, strict: strict)
    let feedforward = feedforward(in: model)
    if strict, case .suffixes(let names) = feedforward { try check(names, chosen.map(\.name)) }
    let isFeedforward = try matcher(feedforward)
    return try chosen.map { projection in
      let scalesInput = try isFeedforward(projection.name)
      if scalesInput, !model.isSeparate(projection) { throw TargetFault.joined(projection.name) }
      return (projection, scalesInput)
    }
  }

  /// With the usual ones filled in.
  private func feedforward(in model: TextModel) -> ModuleChoice.Targets {
    if let feedforward { return feedforward }
    let usual = model.config.family.scaled.feedforward
    guard case .suffixes(let targets) = modules.targets else { return .suffixes(usual) }
    return .suffixes(usual.filter(targets.contains))
  }

  /// PEFT compares the names' ends without regard for dots here.
  private func matcher(_ feedforward: ModuleChoice.Targets) throws -> (String) throws -> Bool {
    switch feedforward {
    case .suffixes(let names): { name in names.contains { name.hasSuffix($0) } }
    case .pattern(let pattern): try expression(pattern, key: "feedforward_modules")
    case .allLinear: { _ in true }
    }
  }

  private func check(_ names: [String], _ chosen: [String]) throws {
    for name in names {
      if case .suffixes(let targets) = modules.targets, !targets.contains(name) { throw TargetFault.untargeted(name) }
      if !chosen.contains(where: { $0.hasSuffix(name) }) {
        throw TargetFault.nothingMatches(
          key: "feedforward_modules", wanted: "\"\(name)\"", modules: endings(of: chosen))
      }
    }
  }

  public func configJSON(in model: TextModel) throws -> [String: JSON] {
    let chosen = try resolve(in: model, strict: false).map(\.projection.name)
    let feedforward = feedforward(in: model)
    var targets = modules.targets(defaults: model.config.family.scaled.targets, chosen: chosen)
    // Whole names stand for "all-linear", and PEFT wants those of feed-forwards among them.
    if modules.targets == .allLinear, case .suffixes(let names) = feedforward, let all = list(targets, { $0.string }) {
      targets = .array(Set(all + names).sorted().map(JSON.string))
    }
    return [
      "exclude_modules": modules.exclude?.json ?? .null, "fan_in_fan_out": false,
      "feedforward_modules": feedforward.json, "init_ia3_weights": .bool(initIA3Weights),
      "modules_to_save": modules.modulesToSaveJSON, "target_modules": targets,
    ]
  }

  public init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    initIA3Weights = file["init_ia3_weights", "true or false", { $0.bool }] ?? true
    feedforward =
      file[
        "feedforward_modules", "a list of names or a regular expression",
        { $0 == .array([]) ? .suffixes([]) : ModuleChoice.Targets($0) }]
    modules = ModuleChoice(&file)
  }
}

extension Family {
  /// What IA3 scales when it is not told, by names' ends: PEFT's table, and the same places of a DistilBERT. In a BERT
  /// `output.dense` is attention's output as well.
  fileprivate var scaled: (targets: [String], feedforward: [String]) {
    switch self {
    case .bert: (["key", "value", "output.dense"], ["output.dense"])
    case .distilbert: (["k_lin", "v_lin", "lin2"], ["lin2"])
    }
  }
}
