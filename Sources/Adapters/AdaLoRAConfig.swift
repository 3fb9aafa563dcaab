/// AdaLoRA's settings, in PEFT's terms: a budget of rank that shrinks, and goes where it matters.
import Autograd
public import Files
public import Models

public struct AdaLoRAConfig: Sendable, Equatable {
  /// Of every projection at first, and of a projection on average in the end.
  public var initialRank = 12
  public var targetRank = 8
  /// The update is scaled by alpha / initial rank.
  public var alpha = 8.0
  public var dropout = 0.0
  public var modules = ModuleChoice()
  public var bias = LearningBias.none
  /// Steps before the budget begins to shrink, and steps after it has stopped.
  public var firstSteps = 0
  public var lastSteps = 0
  /// Steps between two allocations.
  public var interval = 1
  /// Of the running means of importance and of its uncertainty.
  public var beta1 = 0.85
  public var beta2 = 0.85
  /// Weight of the mean of ‖AAᵀ - 1‖ and ‖BᵀB - 1‖ in the loss.
  public var orthogonality = 0.5
  /// What a file says of the run that made it: its steps, and by projection the triplets that it kept.
  var steps: Int?
  var kept: [String: [Bool]]?

  public init() {}
}

extension AdaLoRAConfig: ModuleMethod {
  public static var peftType: String { "ADALORA" }

  public func fit(_ model: TextModel, seed: UInt64?) throws -> Fitting {
    var fitting = Fitting(), triplets: [AdaLoRA] = []
    let chosen = try resolve(in: model, everyName: seed != nil)
    for projection in chosen {
      let limit = max(projection.inputs, projection.outputs), rank = rank(of: projection, in: model)
      guard max(initialRank, rank) <= limit else {
        throw TargetFault.rank(max(initialRank, rank), module: projection.name, limit: limit)
      }
      let adapter = AdaLoRA(
        projection, rank: rank, scale: alpha / (Double(initialRank) + 1e-5),
        dropout: dropout)
      if let seed { adapter.start(seed: seed) }
      fitting.projections.append((projection, adapter))
      triplets.append(adapter)
    }
    let allocator = RankAllocator(triplets, self)
    for (index, adapter) in triplets.enumerated() {
      fitting.tensors += zip([adapter.a, adapter.b, adapter.e], allocator.forms(of: index)).map {
        Stored(name: Self.prefix + $0.name, parameter: $0, form: seed == nil ? nil : $1)
      }
    }
    if seed != nil { (fitting.hook, fitting.learned) = (allocator, { allocator.learned }) }
    fitting.owned = bias.owned(in: model, adapted: Set(chosen.map(\.name)), and: modulesToSave, Self.prefix)
    return fitting
  }

  func resolve(in model: TextModel, everyName: Bool) throws -> [Projection] {
    try modules.projections(of: model, usual: model.config.family.names.usualTargets, everyName: everyName)
  }

  /// As many as the file kept; with and without the encoder's name.
  private func rank(of projection: Projection, in model: TextModel) -> Int {
    let key = projection.name + ".lora_E", bare = key.trimmingPrefix(model.config.family.names.encoder + ".")
    return (kept?[key] ?? kept?[String(bare)])?.count { $0 } ?? initialRank
  }

  public func settings(in model: TextModel) throws -> [String: JSON] {
    let chosen = try resolve(in: model, everyName: false).map(\.name)
    var settings = peftLoRAKeys
    settings["r"] = 8  // PEFT's default; it reads init_r instead.
    settings["alpha_pattern"] = [:]
    settings["bias"] = .string(bias.rawValue)
    settings["exclude_modules"] = modules.exclude?.json ?? .null
    settings["layers_to_transform"] = modules.layersJSON
    settings["lora_alpha"] = whole(alpha)
    settings["lora_dropout"] = .double(dropout)
    settings["modules_to_save"] = modules.saved
    settings["target_modules"] = modules.targets(usual: model.config.family.names.usualTargets, chosen: chosen)
    settings["init_r"] = .int(initialRank)
    settings["target_r"] = .int(targetRank)
    settings["tinit"] = .int(firstSteps)
    settings["tfinal"] = .int(lastSteps)
    settings["deltaT"] = .int(interval)
    settings["beta1"] = .double(beta1)
    settings["beta2"] = .double(beta2)
    settings["orth_reg_weight"] = .double(orthogonality)
    settings["total_step"] = steps.map(JSON.int) ?? .null
    settings["rank_pattern"] = kept.map(patternJSON) ?? .null
    return settings
  }

  public init(_ file: inout SettingsReader) {
    file.refuse(unknownLoRAKeys + ["use_dora", "use_rslora"])
    initialRank = file.rank("init_r") ?? initialRank
    targetRank = file.rank("target_r") ?? targetRank
    alpha = file["lora_alpha", "a number above 0", { $0.number.flatMap { $0 > 0 ? $0 : nil } }] ?? alpha
    dropout = file.share("lora_dropout") ?? dropout
    bias = LearningBias(&file)
    func count(_ key: String) -> Int? {
      file[key, "a whole number from 0 on", { $0.int.flatMap { $0 < 0 ? nil : $0 } }]
    }
    firstSteps = count("tinit") ?? firstSteps
    lastSteps = count("tfinal") ?? lastSteps
    interval = count("deltaT") ?? interval
    beta1 = file.share("beta1") ?? beta1
    beta2 = file.share("beta2") ?? beta2
    orthogonality = file["orth_reg_weight", "a number", { $0.number }] ?? orthogonality
    steps = count("total_step")
    kept = file["rank_pattern", "lists of true and false by module", { map($0) { list($0) { $0.bool } } }]
    modules = ModuleChoice(&file)
  }
}

func patternJSON(_ kept: [String: [Bool]]) -> JSON { .object(kept.mapValues { .array($0.map(JSON.bool)) }) }
