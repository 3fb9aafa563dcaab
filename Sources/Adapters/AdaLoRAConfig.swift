/// AdaLoRA's settings, in PEFT's terms: a budget of rank that shrinks, and goes where it matters.
import Autograd
public import Files
public import Models

public struct AdaLoRAConfig: Sendable, Equatable {
  /// Of every projection at first, and of a projection on average in the end.
  public var initR = 12
  public var targetR = 8
  /// The update is scaled by alpha / initial rank.
  public var alpha = 8.0
  public var dropout = 0.0
  public var modules = ModuleChoice()
  public var bias = BiasMode.none
  /// Steps before the budget begins to shrink, and steps after it has stopped.
  public var tInit = 0
  public var tFinal = 0
  /// Steps between two allocations.
  public var deltaT = 1
  /// Of the running means of importance and of its uncertainty.
  public var beta1 = 0.85
  public var beta2 = 0.85
  /// Weight of the mean of ‖AAᵀ - 1‖ and ‖BᵀB - 1‖ in the loss.
  public var orthRegWeight = 0.5
  /// What a file says of the run that made it: its steps, and by projection the triplets that it kept.
  var totalStep: Int?
  var rankPattern: [String: [Bool]]?

  public init() {}
}

extension AdaLoRAConfig: ModuleMethod {
  public static var peftType: String { "ADALORA" }

  public func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    var fitting = Injection(), triplets: [AdaLoRA] = []
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
      fitting.projections.append((projection, adapter))
      triplets.append(adapter)
    }
    let allocator = RankAllocator(triplets, self)
    for (index, adapter) in triplets.enumerated() {
      fitting.tensors += zip([adapter.a, adapter.b, adapter.e], allocator.exports(of: index)).map {
        SavedParameter(name: Self.tensorPrefix + $0.name, parameter: $0, export: seed == nil ? nil : $1)
      }
    }
    if seed != nil { (fitting.hook, fitting.trainedConfig) = (allocator, { allocator.trainedConfig }) }
    fitting.replacedWeights = bias.replacedWeights(
      in: model, adapted: Set(chosen.map(\.name)), and: modulesToSave, Self.tensorPrefix)
    return fitting
  }

  func resolve(in model: TextModel, strict: Bool) throws -> [Projection] {
    try modules.projections(of: model, defaults: model.config.family.names.defaultTargets, strict: strict)
  }

  /// As many as the file kept; with and without the encoder's name.
  private func rank(of projection: Projection, in model: TextModel) -> Int {
    let key = projection.name + ".lora_E", bare = key.trimmingPrefix(model.config.family.names.encoder + ".")
    return (rankPattern?[key] ?? rankPattern?[String(bare)])?.count { $0 } ?? initR
  }

  public func configJSON(in model: TextModel) throws -> [String: JSON] {
    let chosen = try resolve(in: model, strict: false).map(\.name)
    var settings = peftLoRAKeys
    settings["r"] = 8  // PEFT's default; it reads init_r instead.
    settings["alpha_pattern"] = [:]
    settings["bias"] = .string(bias.rawValue)
    settings["exclude_modules"] = modules.exclude?.json ?? .null
    settings["layers_to_transform"] = modules.layersJSON
    settings["lora_alpha"] = jsonNumber(alpha)
    settings["lora_dropout"] = .double(dropout)
    settings["modules_to_save"] = modules.modulesToSaveJSON
    settings["target_modules"] = modules.targets(defaults: model.config.family.names.defaultTargets, chosen: chosen)
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

  public init(_ file: inout AdapterConfigReader) {
    file.refuse(unknownLoRAKeys + ["use_dora", "use_rslora"])
    initR = file.rank("init_r") ?? initR
    targetR = file.rank("target_r") ?? targetR
    alpha = file["lora_alpha", "a number above 0", { $0.number.flatMap { $0 > 0 ? $0 : nil } }] ?? alpha
    dropout = file.fraction("lora_dropout") ?? dropout
    bias = BiasMode(&file)
    func count(_ key: String) -> Int? {
      file[key, "a whole number from 0 on", { $0.int.flatMap { $0 < 0 ? nil : $0 } }]
    }
    tInit = count("tinit") ?? tInit
    tFinal = count("tfinal") ?? tFinal
    deltaT = count("deltaT") ?? deltaT
    beta1 = file.fraction("beta1") ?? beta1
    beta2 = file.fraction("beta2") ?? beta2
    orthRegWeight = file["orth_reg_weight", "a number", { $0.number }] ?? orthRegWeight
    totalStep = count("total_step")
    rankPattern = file["rank_pattern", "lists of true and false by module", { map($0) { list($0) { $0.bool } } }]
    modules = ModuleChoice(&file)
  }
}

func patternJSON(_ kept: [String: [Bool]]) -> JSON { .object(kept.mapValues { .array($0.map(JSON.bool)) }) }
