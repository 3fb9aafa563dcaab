/// The choice of modules as adapter_config.json has it.
import Files

extension ModuleChoice {
  /// `target_modules` for others: PEFT reads "all-linear" anew for the model it finds, and would adapt a token
  /// classifier's head as well, so that it is written out; so are the modules of an expression beside layers, which
  /// PEFT does not take together.
  func targets(defaults: [String], chosen: [String]) -> JSON {
    switch targets ?? .suffixes(defaults) {
    case .allLinear: Targets.suffixes(endings(of: chosen)).json
    case .pattern where layers != nil: Targets.suffixes(chosen).json
    case let targets: targets.json
    }
  }

  /// With the head, as PEFT names it.
  var modulesToSaveJSON: JSON { .array((headNames + modulesToSave).map(JSON.string)) }

  var layersJSON: JSON { layers.map { .array($0.map(JSON.int)) } ?? .null }

  init(_ file: inout AdapterConfigReader) {
    targets = file["target_modules", "a list of names or a regular expression", Targets.init]
    exclude = file["exclude_modules", "a list of names or a regular expression", Targets.init]
    layers =
      file["layers_to_transform", "a whole number or a list of them", { $0.int.map { [$0] } ?? list($0) { $0.int } }]
    if layers == [] { layers = nil }  // which is PEFT's reading
    modulesToSave = file.savedModules()
  }
}

/// As PEFT names a head, whatever the model does.
private let headNames = ["classifier", "score"]

extension AdapterConfigReader {
  /// `modules_to_save` without the head, which is the adapter's anyway.
  mutating func savedModules() -> [String] {
    let saved = self["modules_to_save", "a list of names", { list($0) { $0.string } }] ?? []
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
