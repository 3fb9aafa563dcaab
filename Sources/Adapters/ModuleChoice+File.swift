/// The choice of modules by the regular expressions of an adapter_config.json.
import Encoders

extension ModuleChoice {
  /// Chooses the modules among `names` that PEFT adapts by the file's regular expressions. The file's tensors choose instead where
  /// an expression cannot be used here, and decide on modules outside of the layers: another class of the model may have no pooler.
  /// - Parameters:
  ///   - adapted: the modules among `names` that have tensors in the file.
  mutating func resolvePatterns(among names: [String], adapted: [String]) {
    guard isPattern(targets) || isPattern(exclude) || !layersPattern.isEmpty else { return }
    let adapted = Set(adapted)
    let chosen = (try? matches(among: names))?.filter { layerIndex(of: $0) != nil || adapted.contains($0) }
    choose((chosen ?? names.filter(adapted.contains)).map(nameInFile))
  }

  /// Chooses exactly these modules.
  mutating func choose(_ modules: [String]) {
    (targets, exclude, layers, layersPattern) = (.suffixes(modules), nil, nil, [])
  }

  /// nil: without `target_modules` PEFT's defaults apply, which the tensors show.
  /// - Throws: `TargetFault.badPattern`.
  private func matches(among names: [String]) throws -> [String]? {
    guard let targets else { return nil }
    let isTarget = try matcher(of: targets)
    let isExcluded = try exclude?.matcher(key: "exclude_modules") ?? { _ in false }
    return try names.filter { try isTarget($0) && !isExcluded(nameInFile($0)) }
  }

  /// A function that tests whether `targets` and the layers choose a module of the model. As in PEFT, the layers do not matter for
  /// a module that is listed by its full name.
  /// - Throws: `TargetFault.badPattern`.
  func matcher(of targets: Targets) throws -> (String) throws -> Bool {
    let isTarget = try targets.matcher(key: "target_modules"), isInLayers = try layersMatcher()
    let listed: [String] = if case .suffixes(let names) = targets { names } else { [] }
    return { name in
      let name = nameInFile(name)
      return try listed.contains(name) || isTarget(name) && isInLayers(name)
    }
  }

  /// source: peft/tuners/tuners_utils.py `check_target_module_exists`
  private func layersMatcher() throws -> (String) throws -> Bool {
    guard let layers, !layersPattern.isEmpty else { return isInLayers }
    let numbers = layers.map(String.init).joined(separator: "|"), parts = layersPattern.joined(separator: "|")
    return try expression(#"(.*\.)?(\#(parts))\.0*(\#(numbers))\..*"#, key: "layers_pattern")
  }
}

private func isPattern(_ targets: ModuleChoice.Targets?) -> Bool {
  if case .pattern = targets { true } else { false }
}
