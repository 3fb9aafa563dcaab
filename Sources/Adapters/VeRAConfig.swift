/// VeRA's config, as PEFT's `VeraConfig`.
import Autograd
package import Encoders
package import Files

package struct VeRAConfig: Sendable, Equatable {
  package var rank = 256
  package var dropout = 0.0
  /// Default targets: query and value, by the names of the model's family. PEFT has no `exclude_modules` for VeRA.
  package var modules = ModuleChoice()
  /// Initial value of every λ_d. λ_b is initially zero, so that the adapted model equals the base.
  package var dInitial = 0.1
  /// Random seed of the shared matrices. The same key and sizes give the same matrices.
  package var projectionPRNGKey = 0

  package init() {}
}

extension VeRAConfig: ModuleMethod {
  package static var peftType: String { "VERA" }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    var injection = Injection()
    let targets = try resolve(in: model, strict: seed != nil)
    let shared = VeRASharedMatrices(rank: rank, of: targets)
    if seed != nil { shared.initialize(key: UInt64(projectionPRNGKey)) }
    for projection in targets {
      let vera = VeRA(projection, shared, dropout: dropout)
      if seed != nil { vera.d.values.update(repeating: Float(dInitial)) }
      injection.projections.append((projection, vera))
      injection.tensors += [vera.b, vera.d].map { SavedParameter(name: Self.tensorPrefix + $0.name, parameter: $0) }
    }
    injection.tensors += [shared.a, shared.b].map { SavedParameter(name: $0.name, parameter: $0, isTrained: false) }
    injection.replacedWeights = model.weights(of: modulesToSave, prefix: Self.tensorPrefix)
    return injection
  }

  private func resolve(in model: TextModel, strict: Bool) throws -> [Projection] {
    try modules.projections(of: model, defaults: model.config.family.architecture.adapters.targets, strict: strict)
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    let chosen = try resolve(in: model, strict: false).map(\.name)
    var settings = modules.listsJSON(of: chosen, in: model, canExclude: false)
    settings["exclude_modules"] = nil
    settings.merge([
      "bias": "none", "d_initial": .double(dInitial), "fan_in_fan_out": false, "init_weights": true,
      "layers_pattern": nil, "modules_to_save": modules.modulesToSaveJSON(in: model),
      "projection_prng_key": .int(projectionPRNGKey), "r": .int(rank), "save_projection": true,
      "vera_dropout": .double(dropout),
    ]) { _, other in other }
    return settings
  }

  package init(_ file: inout AdapterConfigReader) {
    file.refuse(["fan_in_fan_out"])
    file.ignore(["init_weights"])
    if let bias = file["bias", "\"none\"", { $0.string }], bias != "none" {
      file.problem("'bias' is \"\(bias)\", which is not supported.")
    }
    if file["save_projection", "true", { $0.bool }] == false {
      file.problem(
        "'save_projection' is false: the matrices A and B are not in the file, and only torch's generator can "
          + "recompute them. Load the adapter with PEFT and save it with save_projection=True.")
    }
    rank = file.positiveInt("r") ?? 256
    dropout = file.fraction("vera_dropout") ?? 0
    dInitial = file["d_initial", "a number", { $0.number }] ?? 0.1
    projectionPRNGKey =
      file["projection_prng_key", "a whole number of at least 0", { $0.int.flatMap { $0 >= 0 ? $0 : nil } }] ?? 0
    modules = ModuleChoice(&file)
  }
}
