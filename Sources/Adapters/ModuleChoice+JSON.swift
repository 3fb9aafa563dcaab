/// Module choices in adapter_config.json.
import Files
import Models

extension ModuleChoice {
  /// `target_modules` and `layers_to_transform` with which PEFT chooses `chosen`; its `exclude_modules` is then null.
  /// Name suffixes are written as they are if they choose exactly these modules. Everything else is written as full
  /// names, because in PEFT a regular expression may match more: containers, dropouts, the head.
  /// - Parameters:
  ///   - chosen: what `select` has chosen.
  ///   - suffixes: the name suffixes that "all-linear" is written as; nil: the ends of the chosen names.
  func targets(
    _ chosen: [String], among names: [String], defaults: [String], allLinear suffixes: [String]? = nil
  ) -> (modules: [String], layers: [Int]?) {
    let suffixes: [String]? =
      switch targets ?? .suffixes(defaults) {
      case .suffixes(let names): names
      case .allLinear: suffixes ?? endings(of: chosen)
      case .pattern: nil
      }
    if let suffixes,
      chosen == names.filter({ name in isInLayers(name) && suffixes.contains { isSuffix($0, of: name) } })
    {
      return (suffixes.sorted(), layers)
    }
    return (chosen, nil)
  }

  /// The same two keys for an adapter of projections, and `exclude_modules`.
  func targetsJSON(of chosen: [String], in model: TextModel) -> [String: JSON] {
    let names = model.projections.map(\.name)
    let (modules, layers) = targets(chosen, among: names, defaults: model.config.family.names.defaultTargets)
    return [
      "target_modules": .array(modules.map(JSON.string)), "exclude_modules": .null,
      "layers_to_transform": layers.map { .array($0.map(JSON.int)) } ?? .null,
    ]
  }

  /// `modules_to_save`, with PEFT's names for the head.
  var modulesToSaveJSON: JSON { .array((headNames + modulesToSave).map(JSON.string)) }

  init(_ file: inout AdapterConfigReader) {
    targets = file["target_modules", "a list of module names or a regular expression", Targets.init]
    exclude = file["exclude_modules", "a list of module names or a regular expression", Targets.init]
    layers =
      file[
        "layers_to_transform", "a whole number or a list of whole numbers",
        { $0.int.map { [$0] } ?? list($0) { $0.int } }]
    if layers == [] { layers = nil }  // As in PEFT.
    modulesToSave = file.modulesToSave()
  }
}

/// PEFT's names for the head, which do not depend on the model.
private let headNames = ["classifier", "score"]

extension AdapterConfigReader {
  /// `modules_to_save` without the head, which every adapter saves.
  mutating func modulesToSave() -> [String] {
    let saved = self["modules_to_save", "a list of module names", { list($0) { $0.string } }] ?? []
    return saved.filter { !headNames.contains($0) }
  }
}

extension ModuleChoice.Targets {
  var json: JSON {
    switch self {
    case .suffixes(let names): .array(names.sorted().map(JSON.string))
    case .pattern(let pattern): .string(pattern)
    case .allLinear: "all-linear"
    }
  }

  init?(_ json: JSON) {
    switch json {
    case "all-linear": self = .allLinear
    case .string(let pattern): self = .pattern(pattern)
    default:
      guard let names = list(json, { $0.string }), !names.isEmpty else { return nil }
      self = .suffixes(names)
    }
  }
}
