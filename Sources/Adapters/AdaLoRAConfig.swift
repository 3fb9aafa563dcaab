/// AdaLoRA's config, as PEFT's `AdaLoraConfig`: the total rank falls during training, and the most important triplets
/// remain.
import Autograd
package import Encoders
package import Files

package struct AdaLoRAConfig: Sendable, Equatable {
  /// Initial rank of every projection.
  package var initR = 12
  /// Final rank of a projection, on average.
  package var targetR = 8
  /// The update is scaled by alpha / initR.
  package var alpha = 8.0
  package var dropout = 0.0
  package var modules = ModuleChoice()
  package var bias = BiasMode.none
  /// Steps before the ranks start to fall.
  package var tInit = 0
  /// Steps at the end of the run with constant ranks.
  package var tFinal = 0
  /// Steps between two rank allocations.
  package var deltaT = 1
  /// Decay of the running mean of importance.
  package var beta1 = 0.85
  /// Decay of the running mean of its uncertainty.
  package var beta2 = 0.85
  /// Weight of the orthogonality loss, the mean of ‖AAᵀ - 1‖ and ‖BᵀB - 1‖.
  package var orthRegWeight = 0.5
  /// Read from a file: the steps of the run that wrote it.
  var totalStep: Int?
  /// Read from a file, by projection: which of the initial triplets are saved.
  var rankPattern: [String: [Bool]]?

  package init() {}
}

extension AdaLoRAConfig: ModuleMethod {
  package static var peftType: String { "ADALORA" }
  package static var trainableTokens: TrainableTokensForm? { .besideLoRA }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    var injection = Injection(), adapters: [AdaLoRA] = []
    let chosen = try resolve(in: model, strict: seed != nil)
    for projection in chosen {
      let limit = max(projection.inputs, projection.outputs), rank = rank(of: projection, in: model)
      guard max(initR, rank) <= limit else {
        throw TargetFault.rank(max(initR, rank), module: projection.name, limit: limit)
      }
      let adapter = AdaLoRA(
        projection, rank: rank, scale: alpha / (Double(initR) + 1e-5),
        dropout: dropout)
      if let seed { adapter.initialize(seed: seed) }
      injection.projections.append((projection, adapter))
      adapters.append(adapter)
    }
    let allocator = RankAllocator(adapters, self)
    for (index, adapter) in adapters.enumerated() {
      injection.tensors += zip([adapter.a, adapter.b, adapter.e], allocator.exports(of: index)).map {
        SavedParameter(name: Self.tensorPrefix + $0.name, parameter: $0, export: seed == nil ? nil : $1)
      }
    }
    if seed != nil { (injection.hook, injection.trainedConfig) = (allocator, { allocator.trainedConfig }) }
    injection.replacedWeights = bias.replacedWeights(
      in: model, adapted: Set(chosen.map(\.name)), modulesToSave: modulesToSave, prefix: Self.tensorPrefix)
    return injection
  }

  func resolve(in model: TextModel, strict: Bool) throws -> [Projection] {
    try modules.projections(of: model, defaults: defaultTargets(in: model), strict: strict)
  }

  private func defaultTargets(in model: TextModel) -> [String] {
    let adapters = model.config.family.architecture.adapters
    return adapters.adaLoRATargets ?? adapters.targets
  }

  /// The number of saved triplets, or `initR` for a new adapter. PEFT's key may lack the encoder's name.
  private func rank(of projection: Projection, in model: TextModel) -> Int {
    let key = projection.name + ".lora_E",
      shortKey = key.trimmingPrefix(model.config.family.names.baseModelPrefix + ".")
    return (rankPattern?[key] ?? rankPattern?[String(shortKey)])?.count { $0 } ?? initR
  }

  package func configJSON(in model: TextModel) throws -> [String: JSON] {
    let chosen = try resolve(in: model, strict: false).map(\.name)
    var settings = peftLoRADefaults
    settings["r"] = 8  // PEFT's default; PEFT uses init_r instead.
    settings["alpha_pattern"] = [:]
    settings["bias"] = .string(bias.rawValue)
    settings["lora_alpha"] = jsonNumber(alpha)
    settings["lora_dropout"] = .double(dropout)
    settings["modules_to_save"] = modules.modulesToSaveJSON(in: model)
    settings.merge(modules.listsJSON(of: chosen, in: model, defaults: defaultTargets(in: model))) { _, targets in
      targets
    }
    settings["init_r"] = .int(initR)
    settings["target_r"] = .int(targetR)
    settings["tinit"] = .int(tInit)
    settings["tfinal"] = .int(tFinal)
    settings["deltaT"] = .int(deltaT)
    settings["beta1"] = .double(beta1)
    settings["beta2"] = .double(beta2)
    settings["orth_reg_weight"] = .double(orthRegWeight)
    settings["total_step"] = totalStep.map(JSON.int) ?? .null
    settings["rank_pattern"] = rankPattern.map(patternJSON) ?? .null
    return settings
  }

  package init(_ file: inout AdapterConfigReader) {
    file.refuse(unsupportedLoRAKeys + ["use_dora", "use_rslora"])
    // AdaLoRA has its own initialization, and ranks in place of 'r'.
    file.ignore(ignoredLoRAKeys + ["alpha_pattern", "init_lora_weights", "r"])
    initR = file.positiveInt("init_r") ?? initR
    targetR = file.positiveInt("target_r") ?? targetR
    alpha = file["lora_alpha", "a number above 0", { $0.number.flatMap { $0 > 0 ? $0 : nil } }] ?? alpha
    dropout = file.fraction("lora_dropout") ?? dropout
    bias = BiasMode(&file)
    func count(_ key: String) -> Int? {
      file[key, "a whole number of at least 0", { $0.int.flatMap { $0 < 0 ? nil : $0 } }]
    }
    tInit = count("tinit") ?? tInit
    tFinal = count("tfinal") ?? tFinal
    deltaT = count("deltaT") ?? deltaT
    beta1 = file.fraction("beta1") ?? beta1
    beta2 = file.fraction("beta2") ?? beta2
    orthRegWeight = file["orth_reg_weight", "a number", { $0.number }] ?? orthRegWeight
    totalStep = count("total_step")
    rankPattern = file["rank_pattern", "lists of true and false by module name", { map($0) { list($0) { $0.bool } } }]
    modules = ModuleChoice(&file)
  }
}

/// `rank_pattern`: by projection, whether each initial triplet is saved.
func patternJSON(_ isSaved: [String: [Bool]]) -> JSON { .object(isSaved.mapValues { .array($0.map(JSON.bool)) }) }
