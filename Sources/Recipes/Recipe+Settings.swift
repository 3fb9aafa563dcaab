/// From the recipe's words to the settings of the modules below.
import Adapters
import Training

extension Recipe {
  var trainingSettings: TrainingSettings {
    var settings = TrainingSettings()
    settings.seed = UInt64(seed)
    settings.length =
      switch training.duration {
      case .epochs(let epochs): .epochs(epochs)
      case .maxSteps(let steps): .steps(steps)
      }
    settings.batchSize =
      switch training.batchSize {
      case .examples(let count): .examples(count)
      case .tokens(let count): .tokens(count)
      }
    settings.warmup =
      switch training.warmup {
      case .ratio(let ratio): .ratio(ratio)
      case .steps(let steps): .steps(steps)
      }
    settings.order = Batcher.Order(rawValue: training.batching.rawValue) ?? .shuffled
    settings.schedule = Schedule.Kind(rawValue: training.schedule.rawValue) ?? .linear
    settings.accumulation = training.gradientAccumulationSteps
    settings.learningRate = training.learningRate
    settings.optimizer.beta1 = training.adamBeta1
    settings.optimizer.beta2 = training.adamBeta2
    settings.optimizer.epsilon = training.adamEpsilon
    settings.optimizer.weightDecay = training.weightDecay
    settings.optimizer.maxGradNorm = training.maxGradNorm
    settings.evaluateEvery = training.evalEverySteps
    settings.metric = training.metricForBest.rawValue
    settings.patience = training.earlyStoppingPatience
    settings.maxLossSpike = training.maxLossSpike
    return settings
  }
}

extension LoRAConfig {
  init(_ lora: Recipe.LoRA) {
    self.init()
    rank = lora.rank
    alpha = lora.alpha
    dropout = lora.dropout
    targets = lora.targetModules.map(Targets.init)
    exclude = lora.excludeModules.map(Targets.init)
    rankPattern = lora.rankPattern
    alphaPattern = lora.alphaPattern
    useRSLoRA = lora.useRslora
    layers = lora.layersToTransform
    bias = Bias(rawValue: lora.bias.rawValue) ?? .none
    modulesToSave = lora.modulesToSave
  }
}

extension LoRAConfig.Targets {
  fileprivate init(_ modules: Recipe.Modules) {
    switch modules {
    case .named(let names): self = .suffixes(names)
    case .matching(let pattern): self = .pattern(pattern)
    case .allLinear: self = .allLinear
    }
  }
}
