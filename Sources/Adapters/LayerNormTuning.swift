/// LayerNorm tuning, PEFT's `LNTuningConfig`: trains only the LayerNorms and the head (Zhao et al. 2024).
import Autograd
package import Encoders
package import Files

package struct LayerNormTuning: Sendable, Equatable {
  /// Default targets: every LayerNorm. PEFT has no `layers_to_transform` for this method.
  package var modules = ModuleChoice()

  package init() {}
}

extension LayerNormTuning: ModuleMethod {
  package static var peftType: String { "LN_TUNING" }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    let chosen = try select(in: model, strict: seed != nil)
    var injection = Injection()
    injection.replacedWeights = model.parameters.compactMap { parameter in
      let module = moduleName(of: parameter.name)
      if chosen.contains(module), let part = parameter.name.split(separator: ".").last {
        return SavedParameter(name: "\(Self.tensorPrefix)\(module).ln_tuning_layers.\(part)", parameter: parameter)
      }
      guard belongs(parameter.name, to: modulesToSave) else { return nil }
      return SavedParameter(name: Self.tensorPrefix + parameter.name, parameter: parameter)
    }
    return injection
  }

  private func select(in model: TextModel, strict: Bool) throws -> [String] {
    try modules.select(among: model.normNames, defaults: endings(of: model.normNames), in: model, strict: strict)
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    let chosen = try select(in: model, strict: false)
    // PEFT fails at a module without weights.
    let names = model.normNames + model.identityNormNames
    var settings = modules.lists(chosen, among: names, defaults: endings(of: model.normNames)).json
    settings["layers_to_transform"] = nil
    settings["modules_to_save"] = modules.modulesToSaveJSON(in: model)
    return settings
  }

  package init(_ file: inout AdapterConfigReader) { modules = ModuleChoice(&file) }
}
