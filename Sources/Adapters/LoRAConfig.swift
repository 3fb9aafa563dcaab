/// LoRA's config, as PEFT's `LoraConfig`.
package import Autograd
package import Encoders

package struct LoRAConfig: Sendable, Equatable {
  package typealias Bias = BiasMode

  package var rank = 8
  /// The update is scaled by alpha / rank, or alpha / √rank with `useRSLoRA`.
  package var alpha = 8.0
  package var dropout = 0.0
  /// Default targets: query and value, by the names of the model's family.
  package var modules = ModuleChoice()
  /// Other ranks for modules whose name ends with a match of the pattern.
  package var rankPattern: [String: Int] = [:]
  /// Other alphas, by the same rule.
  package var alphaPattern: [String: Double] = [:]
  var patternOrder = PatternOrder.longestFirst
  package var useRSLoRA = false
  package var bias = Bias.none
  /// DoRA: train a magnitude vector besides the update's direction (Liu et al. 2024).
  package var useDoRA = false
  package var initialization = LoRAInit.default
  /// LoRA+: the learning rate of B and of vectors, relative to A's (Hayou et al. 2024). nil: the same.
  package var loraPlusRatio: Double?

  package init() {}
}

extension LoRAConfig: ModuleMethod {
  package static var peftType: String { "LORA" }
  package static var trainableTokens: TrainableTokensForm? { .besideLoRA }

  package func inject(into model: TextModel, seed: UInt64?) throws -> Injection {
    var injection = Injection()
    let targets = try resolve(in: model, strict: seed != nil)
    for (projection, rank, scale) in targets {
      let (adapter, tensors) = try makeAdapter(projection, of: model, rank, scale, seed)
      injection.projections.append((projection, adapter))
      injection.tensors += tensors
    }
    injection.replacedWeights = bias.replacedWeights(
      in: model, adapted: Set(targets.map(\.projection.name)), modulesToSave: modulesToSave,
      prefix: Self.tensorPrefix)
    return injection
  }

  /// The adapter of one projection, and its saved parameters.
  private func makeAdapter(
    _ projection: Projection, of model: TextModel, _ rank: Int, _ scale: Double, _ seed: UInt64?
  ) throws -> (any ProjectionAdapter, [SavedParameter]) {
    func saved(_ parameter: Parameter, as export: TensorExport? = nil) -> SavedParameter {
      SavedParameter(name: Self.tensorPrefix + parameter.name, parameter: parameter, export: export)
    }
    if useDoRA {
      if initialization.isPartOfWeight { throw LoRAInitFault.conflictsWithDoRA(initialization.name) }
      let dora = DoRA(projection, rank: rank, scale: scale, dropout: dropout)
      if let seed {
        try initialization.fill(dora.lora, of: projection, seed: seed)
        dora.initializeMagnitude(projection.weight)
      }
      return (dora, [dora.lora.a, dora.lora.b, dora.magnitude].map { saved($0) })
    }
    let lora = LoRA(projection, rank: rank, scale: scale, dropout: dropout)
    // The initial matrices of PiSSA and OLoRA are not in a file; they are recomputed from the base weight.
    if seed != nil || initialization.isPartOfWeight {
      let original = Projection(projection.name, weight: try model.original(projection.weight), bias: nil)
      try initialization.fill(lora, of: original, seed: seed ?? 0)
    }
    guard initialization.isPartOfWeight else { return (lora, [lora.a, lora.b].map { saved($0) }) }
    let residual = ResidualInitLoRA(lora, of: projection)
    return (residual, [saved(lora.a, as: residual.exports.a), saved(lora.b, as: residual.exports.b)])
  }

  /// `loraPlusRatio` for B and for every vector: the groups of PEFT's `create_loraplus_optimizer`.
  package func learningRateFactor(of parameter: Parameter) -> Double {
    guard let loraPlusRatio else { return 1 }
    return parameter.shape.count == 1 || parameter.name.hasSuffix(".lora_B.weight") ? loraPlusRatio : 1
  }

  /// The projections to adapt, each with its rank and its scale.
  /// - Parameter strict: whether each listed name must match. PEFT's files also list names that are then excluded.
  /// - Throws: `TargetFault` for an invalid pattern, or for a name or selection that matches no module.
  package func resolve(in model: TextModel, strict: Bool = true) throws -> [(
    projection: Projection, rank: Int, scale: Double
  )] {
    let chosen = try modules.projections(
      of: model, defaults: model.config.family.architecture.adapters.targets, strict: strict)
    let ranks = try NamePatterns(rankPattern, key: "rank_pattern", patternOrder)
    let alphas = try NamePatterns(alphaPattern, key: "alpha_pattern", patternOrder)
    if strict {
      let names = chosen.map(\.name), endings = endings(of: model.projections.map(\.name))
      try ranks.check(among: names, endings)
      try alphas.check(among: names, endings)
    }
    return try chosen.map { projection in
      let name = modules.nameInFile(projection.name), rank = try ranks.value(of: name) ?? self.rank
      // A PiSSA or OLoRA adapter is saved with twice its rank.
      let limit = max(projection.inputs, projection.outputs) * (strict ? 1 : 2)
      guard rank <= limit else { throw TargetFault.rank(rank, module: projection.name, limit: limit) }
      let alpha = try alphas.value(of: name) ?? self.alpha
      return (projection, rank, useRSLoRA ? alpha / Double(rank).squareRoot() : alpha / Double(rank))
    }
  }
}
