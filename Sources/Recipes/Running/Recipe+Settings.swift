/// Converts a recipe's section "training" to the trainer's settings.
import Training

extension Recipe {
  var trainingSettings: TrainingSettings {
    var settings = TrainingSettings()
    settings.seed = UInt64(seed)
    settings.duration =
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
    settings.samplingStrategy = Batcher.SamplingStrategy(rawValue: training.trainSamplingStrategy.rawValue) ?? .random
    settings.schedule = training.scheduleShape
    settings.gradientAccumulationSteps = training.gradientAccumulationSteps
    settings.learningRate = training.learningRate
    settings.optimizer.algorithm = training.optimizerAlgorithm
    settings.optimizer.weightDecay = training.weightDecay
    settings.optimizer.maxGradNorm = training.maxGradNorm
    settings.groups = training.groups.map(ParameterGroup.init)
    settings.average = training.emaDecay.map { .exponential(decay: $0) } ?? training.averageLastEvals.map { .last($0) }
    settings.evalSteps = training.evalSteps
    settings.metricForBestModel = training.metricForBestModel.rawValue
    settings.earlyStoppingPatience = training.earlyStoppingPatience
    settings.maxLossSpike = training.maxLossSpike
    return settings
  }
}

extension Recipe.Training {
  fileprivate var scheduleShape: Training.Schedule.Shape {
    let options = scheduleOptions
    return switch schedule {
    case .linear: .linear
    case .cosine: .cosine(minLRRate: options.floor)
    case .constant: .constant
    case .polynomial: .polynomial(power: options.power, minLRRate: options.floor)
    case .inverseSquareRoot: .inverseSquareRoot(timescale: options.timescale)
    case .oneCycle:
      .oneCycle(pctStart: options.pctStart, divFactor: options.divFactor, finalDivFactor: options.finalDivFactor)
    }
  }

  fileprivate var optimizerAlgorithm: OptimizerSettings.Algorithm {
    switch optimizer {
    case .adamw: .adamW(beta1: adamBeta1, beta2: adamBeta2, epsilon: adamEpsilon)
    case .sgd: .sgd(momentum: sgdMomentum, nesterov: sgdNesterov)
    case .lion: .lion(beta1: lionBeta1, beta2: lionBeta2)
    case .adafactor: .adafactor
    }
  }
}

extension ParameterGroup {
  fileprivate init(_ group: Recipe.Training.Group) {
    let rate = group.learningRate.map { LearningRate.peak($0) } ?? .ratio(group.learningRateRatio ?? 1)
    self.init(group.match, learningRate: rate, weightDecay: group.weightDecay)
  }
}
