/// What a VeRA adapter changes, in PEFT's terms.
import Autograd
public import Files
public import Models

public struct VeRAConfig: Sendable, Equatable {
  public var rank = 256
  public var dropout = 0.0
  /// Query and value, by the names of the model's family, unless it says otherwise. PEFT has no `exclude_modules` here.
  public var modules = ModuleChoice()
  /// What every λ_d starts from; λ_b starts from zero, so that the model starts as it was.
  public var start = 0.1
  /// Of the chance that the shared matrices are drawn from: adapters of one key and the same sizes have the same ones.
  public var key = 0

  public init() {}
}

extension VeRAConfig: ModuleMethod {
  public static var peftType: String { "VERA" }

  public func fit(_ model: TextModel, seed: UInt64?) throws -> Fitting {
    var fitting = Fitting()
    let targets = try resolve(in: model, everyName: seed != nil)
    let shared = VeRAProjection(rank: rank, of: targets)
    if seed != nil { shared.draw(key: UInt64(key)) }
    for projection in targets {
      let vera = VeRA(projection, shared, dropout: dropout)
      if seed != nil { vera.d.values.update(repeating: Float(start)) }
      fitting.projections.append((projection, vera))
      fitting.tensors += [vera.b, vera.d].map { Stored(name: Self.prefix + $0.name, parameter: $0) }
    }
    fitting.tensors += [shared.a, shared.b].map { Stored(name: $0.name, parameter: $0, learns: false) }
    fitting.owned = model.weights(of: modulesToSave, prefix: Self.prefix)
    return fitting
  }

  private func resolve(in model: TextModel, everyName: Bool) throws -> [Projection] {
    try modules.projections(of: model, usual: model.config.family.names.usualTargets, everyName: everyName)
  }

  public func settings(in model: TextModel) throws -> [String: JSON] {
    let chosen = try resolve(in: model, everyName: false).map(\.name)
    return [
      "bias": "none", "d_initial": .double(start), "fan_in_fan_out": false, "init_weights": true,
      "layers_pattern": nil, "layers_to_transform": modules.layersJSON, "modules_to_save": modules.saved,
      "projection_prng_key": .int(key), "r": .int(rank), "save_projection": true,
      "target_modules": modules.targets(usual: model.config.family.names.usualTargets, chosen: chosen),
      "vera_dropout": .double(dropout),
    ]
  }

  public init(_ file: inout SettingsReader) {
    file.refuse(["fan_in_fan_out", "layers_pattern"])
    if let bias = file["bias", "\"none\"", { $0.string }], bias != "none" {
      file.problem("'bias' is \"\(bias)\", which is not supported.")
    }
    if file["save_projection", "true", { $0.bool }] == false {
      file.problem(
        "'save_projection' is false: the matrices A and B are not in the file, and only torch draws the same ones again. "
          + "Open the adapter with PEFT and save it with save_projection=True.")
    }
    rank = file.rank("r") ?? 256
    dropout = file.share("vera_dropout") ?? 0
    start = file["d_initial", "a number", { $0.number }] ?? 0.1
    key = file["projection_prng_key", "a whole number from 0 on", { $0.int.flatMap { $0 >= 0 ? $0 : nil } }] ?? 0
    modules = ModuleChoice(&file)
  }
}
