/// What a LoRA adapter changes, in PEFT's terms.
public import Autograd
public import Models

public struct LoRAConfig: Sendable, Equatable {
  public typealias Bias = BiasMode

  public var rank = 8
  /// The update is scaled by alpha / rank, or alpha / √rank with `useRSLoRA`.
  public var alpha = 8.0
  public var dropout = 0.0
  /// Query and value, by the names of the model's family, unless it says otherwise.
  public var modules = ModuleChoice()
  public var rankPattern: [String: Int] = [:]
  public var alphaPattern: [String: Double] = [:]
  /// Of several patterns that match a module the first by name holds, as in PEFT's files; else the longest does.
  var takesFirstPattern = false
  public var useRSLoRA = false
  public var bias = Bias.none
  /// Whether a vector of magnitudes learns beside the update's direction (Liu et al. 2024).
  public var useDoRA = false
  public var initialization = LoRAInit.default
  /// The rate of B over that of A (Hayou et al. 2024); nil: one rate.
  public var loraPlusRatio: Double?

  public init() {}
}

extension LoRAConfig: ModuleMethod {
  public static var peftType: String { "LORA" }

  public func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    var fitting = Injection()
    let targets = try resolve(in: model, strict: seed != nil)
    for (projection, rank, scale) in targets {
      let (seam, tensors) = try makeAdapter(projection, rank, scale, seed)
      fitting.projections.append((projection, seam))
      fitting.tensors += tensors
    }
    fitting.replacedWeights = bias.replacedWeights(
      in: model, adapted: Set(targets.map(\.projection.name)), and: modulesToSave, Self.tensorPrefix)
    return fitting
  }

  /// What goes into one projection, and what of it is saved.
  private func makeAdapter(
    _ projection: Projection, _ rank: Int, _ scale: Double, _ seed: UInt64?
  ) throws -> (any ProjectionAdapter, [SavedParameter]) {
    func stored(_ parameter: Parameter, as form: TensorExport? = nil) -> SavedParameter {
      SavedParameter(name: Self.tensorPrefix + parameter.name, parameter: parameter, export: form)
    }
    if useDoRA {
      if initialization.isPartOfWeight { throw LoRAInitFault.beside(dora: initialization.name) }
      let dora = DoRA(projection, rank: rank, scale: scale, dropout: dropout)
      if let seed {
        try initialization.fill(dora.lora, of: projection, seed: seed)
        dora.initializeMagnitude()
      }
      return (dora, [dora.lora.a, dora.lora.b, dora.magnitude].map { stored($0) })
    }
    let lora = LoRA(projection, rank: rank, scale: scale, dropout: dropout)
    // A part of the weight is found again in the weight; whatever else is in the file is in the file.
    if seed != nil || initialization.isPartOfWeight { try initialization.fill(lora, of: projection, seed: seed ?? 0) }
    guard initialization.isPartOfWeight else { return (lora, [lora.a, lora.b].map { stored($0) }) }
    let anchored = ResidualInitLoRA(lora, of: projection)
    return (anchored, [stored(lora.a, as: anchored.exports.a), stored(lora.b, as: anchored.exports.b)])
  }

  /// B learns at `plusRatio` times the rate, and so does every vector, as PEFT's create_loraplus_optimizer has it.
  public func learningRateFactor(of parameter: Parameter) -> Double {
    guard let loraPlusRatio else { return 1 }
    return parameter.shape.count == 1 || parameter.name.hasSuffix(".lora_B.weight") ? loraPlusRatio : 1
  }

  /// The projections to adapt, each with its rank and its scale.
  /// - Parameter everyName: whether each listed name must match; PEFT also lists names that it then excludes.
  /// - Throws: `TargetFault` where a pattern is broken, or where nothing (or one listed name) matches no module.
  public func resolve(in model: TextModel, strict: Bool = true) throws -> [(
    projection: Projection, rank: Int, scale: Double
  )] {
    let chosen = try modules.projections(
      of: model, defaults: model.config.family.names.defaultTargets, strict: strict)
    if strict { try checkPatterns(chosen.map(\.name), endings(of: model.projections.map(\.name))) }
    return try chosen.map { projection in
      let rank = try lookUp(rankPattern, projection.name, key: "rank_pattern") ?? self.rank
      // What started as a part of the weight is in the file with twice the rank.
      let limit = max(projection.inputs, projection.outputs) * (strict ? 1 : 2)
      guard rank <= limit else { throw TargetFault.rank(rank, module: projection.name, limit: limit) }
      let alpha = try lookUp(alphaPattern, projection.name, key: "alpha_pattern") ?? self.alpha
      return (projection, rank, useRSLoRA ? alpha / Double(rank).squareRoot() : alpha / Double(rank))
    }
  }

  /// Patterns that match nothing are mistakes.
  private func checkPatterns(_ adapted: [String], _ endings: [String]) throws {
    for (key, patterns) in [("rank_pattern", Array(rankPattern.keys)), ("alpha_pattern", Array(alphaPattern.keys))] {
      for pattern in patterns where try !adapted.contains(where: try expression("(.*\\.)?(\(pattern))", key: key)) {
        throw TargetFault.nothingMatches(key: key, wanted: "\"\(pattern)\"", modules: endings)
      }
    }
  }

  /// The value of the pattern that the name ends with; of several, the longest or the first.
  private func lookUp<Value>(_ patterns: [String: Value], _ name: String, key: String) throws -> Value? {
    func length(_ pattern: String) -> Int { takesFirstPattern ? 0 : pattern.count }
    for (pattern, value) in patterns.sorted(by: { (length($1.key), $0.key) < (length($0.key), $1.key) }) {
      if try expression("(.*\\.)?(\(pattern))", key: key)(name) { return value }
    }
    return nil
  }

  /// `patterns` for a file: PEFT writes them by name and takes the first that matches. Where that is another one than
  /// holds here, each of the modules `names` gets a pattern of its own.
  func inOrder<Value: Equatable>(
    _ patterns: [String: Value], of names: [String], key: String
  ) throws -> [String: Value] {
    var first = self
    first.takesFirstPattern = true
    let values = try names.map { (name: $0, value: try lookUp(patterns, $0, key: key)) }
    if try values.allSatisfy({ try first.lookUp(patterns, $0.name, key: key) == $0.value }) { return patterns }
    return [String: Value](uniqueKeysWithValues: values.compactMap { entry in entry.value.map { (entry.name, $0) } })
  }
}
