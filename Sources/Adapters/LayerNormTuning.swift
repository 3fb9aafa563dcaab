/// LayerNorms learn, and nothing else below the head (Zhao et al. 2024).
import Autograd
public import Files
public import Models

public struct LayerNormTuning: Sendable, Equatable {
  /// Every LayerNorm, unless it says otherwise. PEFT has no `layers_to_transform` here.
  public var modules = ModuleChoice()

  public init() {}
}

extension LayerNormTuning: ModuleMethod {
  public static var peftType: String { "LN_TUNING" }

  public func fit(_ model: TextModel, seed: UInt64?) throws -> Fitting {
    let chosen = try select(in: model, everyName: seed != nil)
    var fitting = Fitting()
    fitting.owned = model.parameters.compactMap { parameter in
      let module = moduleName(of: parameter.name)
      if chosen.contains(module), let part = parameter.name.split(separator: ".").last {
        return Stored(name: "\(Self.prefix)\(module).ln_tuning_layers.\(part)", parameter: parameter)
      }
      guard isPart(parameter.name, of: modulesToSave) else { return nil }
      return Stored(name: Self.prefix + parameter.name, parameter: parameter)
    }
    return fitting
  }

  private func select(in model: TextModel, everyName: Bool) throws -> [String] {
    try modules.select(among: model.norms, usual: endings(of: model.norms), in: model, everyName: everyName)
  }

  public func settings(in model: TextModel) throws -> [String: JSON] {
    let chosen = try select(in: model, everyName: false)
    return [
      "exclude_modules": modules.exclude?.json ?? .null, "modules_to_save": modules.saved,
      "target_modules": modules.targets(usual: endings(of: model.norms), chosen: chosen),
    ]
  }

  public init(_ file: inout SettingsReader) { modules = ModuleChoice(&file) }
}
