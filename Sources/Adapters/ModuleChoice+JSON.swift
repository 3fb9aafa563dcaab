/// Module choices in adapter_config.json.
import Files

extension ModuleChoice {
  /// `target_modules` as PEFT must read it. "all-linear" is written as names, because PEFT would also adapt a token
  /// classifier's head. So is a regular expression together with layers, which PEFT does not allow.
  func targets(defaults: [String], chosen: [String]) -> JSON {
    switch targets ?? .suffixes(defaults) {
    case .allLinear: Targets.suffixes(endings(of: chosen)).json
    case .pattern where layers != nil: Targets.suffixes(chosen).json
    case let targets: targets.json
    }
  }

  /// `modules_to_save`, with PEFT's names for the head.
  var modulesToSaveJSON: JSON { .array((headNames + modulesToSave).map(JSON.string)) }

  var layersJSON: JSON { layers.map { .array($0.map(JSON.int)) } ?? .null }

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
