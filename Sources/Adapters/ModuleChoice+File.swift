/// The choice of modules by the regular expressions of an adapter_config.json.
import Models

extension ModuleChoice {
  /// Chooses the modules among `names` that PEFT adapts by the file's regular expressions. The file's tensors choose instead where
  /// an expression cannot be used here, and decide on modules outside of the layers: another class of the model may have no pooler.
  /// - Parameters:
  ///   - adapted: the modules among `names` that have tensors in the file.
  ///   - nameInFile: a module's name in the model that PEFT has trained.
  mutating func resolvePatterns(among names: [String], adapted: [String], nameInFile: (String) -> String) {
    guard isPattern(targets) || isPattern(exclude) || !layersPattern.isEmpty else { return }
    let adapted = Set(adapted)
    let chosen = (try? matches(among: names, nameInFile))?.filter { layerIndex(of: $0) != nil || adapted.contains($0) }
    choose(chosen ?? names.filter(adapted.contains))
  }

  /// Chooses exactly these modules.
  mutating func choose(_ modules: [String]) {
    (targets, exclude, layers, layersPattern) = (.suffixes(modules), nil, nil, [])
  }

  /// - Throws: `TargetFault.badPattern`.
  private func matches(among names: [String], _ nameInFile: (String) -> String) throws -> [String] {
    let isTarget = try targets?.matcher(key: "target_modules") ?? { _ in true }
    let isExcluded = try exclude?.matcher(key: "exclude_modules") ?? { _ in false }
    let isInLayers = try layersMatcher()
    return try names.filter { name in
      let name = nameInFile(name)
      return try isTarget(name) && !isExcluded(name) && isInLayers(name)
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
