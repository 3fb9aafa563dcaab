/// Module choices in adapter_config.json.
import Autograd
import Encoders
import Files

extension ModuleChoice {
  /// Keys of adapter_config.json with which PEFT chooses `chosen`.
  struct Lists {
    var targets: [String]
    var exclude: [String] = []
    var layers: [Int]?

    var json: [String: JSON] {
      [
        "target_modules": .array(targets.map(JSON.string)),
        "exclude_modules": exclude.isEmpty ? .null : .array(exclude.map(JSON.string)),
        "layers_to_transform": layers.map { .array($0.map(JSON.int)) } ?? .null,
      ]
    }
  }

  /// Name suffixes are written as they are if they choose exactly `chosen`. Everything else is written as full names,
  /// because in PEFT a regular expression may match more: containers, dropouts, the head.
  /// - Parameters:
  ///   - chosen: what `select` has chosen among `names`.
  ///   - suffixes: the name suffixes that "all-linear" is written as; nil: the ends of the chosen names.
  ///   - canExclude: whether PEFT has `exclude_modules` for the method.
  func lists(
    _ chosen: [String], among names: [String], defaults: [String], allLinear suffixes: [String]? = nil,
    canExclude: Bool = true
  ) -> Lists {
    var lists = Lists(targets: [], layers: layers)
    switch targets ?? .suffixes(defaults) {
    case .suffixes(let names): lists.targets = names.sorted()
    case .allLinear: lists.targets = suffixes ?? endings(of: chosen)
    case .pattern: return Lists(targets: chosen)
    }
    switch canExclude ? exclude : nil {
    case nil: lists.exclude = canExclude ? newHeadModules : []
    case .suffixes(let names): lists.exclude = (names + newHeadModules).sorted()
    case .pattern, .allLinear: return Lists(targets: chosen)
    }
    // PEFT adapts a module with a full name in any layer.
    if layers != nil, lists.targets.contains(where: { layerIndex(of: $0) != nil }) { return Lists(targets: chosen) }
    let found = names.filter { name in
      isInLayers(name) && lists.targets.contains { isSuffix($0, of: name) }
        && !lists.exclude.contains { isSuffix($0, of: name) }
    }
    return found == chosen ? lists : Lists(targets: chosen)
  }

  /// The keys for an adapter of projections.
  /// - Parameter defaults: the method's default targets; nil: LoRA's.
  func listsJSON(
    of chosen: [String], in model: TextModel, defaults: [String]? = nil, canExclude: Bool = true
  ) -> [String: JSON] {
    let lists = lists(
      chosen, among: model.projections.map(\.name),
      defaults: defaults ?? model.config.family.architecture.adapters.targets, canExclude: canExclude)
    let pattern = lists.layers == nil ? nil : outermostLayerList(of: chosen, in: model)
    return lists.json.merging(["layers_pattern": pattern.map(JSON.string) ?? .null]) { $1 }
  }

  /// The name of the list of layers if nothing of the encoder is around it, as in ModernBERT: PEFT 0.21 then does not find it by
  /// itself in a model without a head.
  private func outermostLayerList(of chosen: [String], in model: TextModel) -> String? {
    let parts = chosen.first?.trimmingPrefix(model.config.family.names.baseModelPrefix + ".").split(separator: ".")
    guard let parts, parts.count > 2, Int(parts[1]) != nil else { return nil }
    return String(parts[0])
  }

  /// `modules_to_save`, with PEFT's names for the head. PEFT compares ends of names without a dot before them, so
  /// "embeddings" would also be "word_embeddings": such an entry is written as full names.
  func modulesToSaveJSON(in model: TextModel) -> JSON {
    let names = model.moduleNames
    let saved = modulesToSave.filter { !isInClassifier($0) }.flatMap { module in
      let own = names.filter { isSuffix(module, of: $0) }
      return own == names.filter { $0.hasSuffix(module) } ? [module] : own
    }
    let head =
      switch model.headType {
      case .questionAnswering: questionHeadNames(of: model)
      case .embedding: [String]()
      default: headNames
      }
    return .array((head + saved).map(JSON.string))
  }

  init(_ file: inout AdapterConfigReader) {
    targets = file["target_modules", "a list of module names or a regular expression", Targets.init]
    exclude = file["exclude_modules", "a list of module names or a regular expression", Targets.init]
    layers =
      file[
        "layers_to_transform", "a whole number or a list of whole numbers",
        { $0.int.map { [$0] } ?? list($0) { $0.int } }]
    if layers == [] { layers = nil }  // As in PEFT.
    layersPattern =
      file["layers_pattern", "a name or a list of names", { $0.string.map { [$0] } ?? list($0) { $0.string } }] ?? []
    layersPattern.removeAll { $0.isEmpty }
    if !layersPattern.isEmpty, layers == nil {
      file.problem("'layers_pattern' is set and 'layers_to_transform' is not, which PEFT refuses.")
    }
    modulesToSave = file.modulesToSave()
  }
}

extension TextModel {
  /// The names of all modules with weights, also in other modules, sorted.
  fileprivate var moduleNames: [String] {
    let paths = parameters.map { $0.name.split(separator: ".").dropLast() }
    return Set(paths.flatMap { path in path.indices.map { path[...$0].joined(separator: ".") } }).sorted()
  }
}

/// PEFT's names for the head, which do not depend on the model.
private let headNames = ["classifier", "score"]

/// PEFT's name for the head of an answering model, and its own name where that is another: ModernBERT has a classifier.
private func questionHeadNames(of model: TextModel) -> [String] {
  [questionHeadName] + (model.classifier.name == questionHeadName ? [] : [model.classifier.name])
}

private let questionHeadName = "qa_outputs"

/// Whether the module is a part of the module that PEFT takes for the classifier (`classifier.dense`).
func isInClassifier(_ module: String) -> Bool {
  module.split(separator: ".").dropLast().contains { headNames.contains(String($0)) }
}

/// Whether PEFT trains and saves the module with every classifier: it compares the ends of names, without a dot before them
/// (`pre_classifier`).
package func isTrainedWithClassifier(_ module: String) -> Bool {
  isInClassifier(module) || headNames.contains(where: module.hasSuffix)
}

extension AdapterConfigReader {
  /// `modules_to_save` without the head, which every adapter saves.
  mutating func modulesToSave() -> [String] {
    let saved = self["modules_to_save", "a list of module names", { list($0) { $0.string } }] ?? []
    return saved.filter { !headNames.contains($0) && $0 != questionHeadName }
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
