/// From the recipe's words to the settings of the modules below.
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
    return settings
  }
}
