/// The loop: batches, shards, gradients, steps, evaluations, the best weights. Knows no task and writes no file.
public import Adapters
public import Autograd
public import Models
public import Tasks

public final class Trainer {
  let model: TextModel
  let task: any Task
  private let objective: any Objective
  let table: ParameterTable
  let settings: TrainingSettings
  let replicas: Replicas
  let batcher: Batcher
  let optimizerStep: OptimizerStep
  let average: WeightAverage?
  let hook: (any StepHook)?
  let gradients: Gradients
  private let schedule: Schedule
  /// Tokens of a shard. A frozen weight costs little per shard, so that a large model's shards may be small, and with
  /// them what their passes keep; for one that learns, every shard sweeps its gradient.
  private let shardSize: Int
  /// Steps of an epoch, and of the run.
  let stepsPerEpoch: Int
  public let steps: Int

  var state = TrainingState()

  /// Trains exactly the parameters of `table`, among which are the objective's own.
  /// - Parameter rateFactor: of a parameter's learning rate, from the method; see `layerFactor`.
  /// - Parameter hook: what a method does beside the passes.
  /// - Throws: `TrainingFault`; what the hook throws; `GroupFault` where a group of the settings fits no parameter.
  public init(
    _ model: TextModel, _ task: any Task, _ table: ParameterTable, _ settings: TrainingSettings, _ replicas: Replicas,
    objective: any Objective = TaskLoss(), learningRateFactor: (Parameter) -> Double = { _ in 1 },
    hook: (any StepHook)? = nil
  ) throws {
    let batcher = Batcher(
      lengths: task.lengths, size: settings.batchSize, order: settings.samplingStrategy, seed: settings.seed)
    let batches = batcher.batches(epoch: 0).count
    guard batches > 0 else { throw TrainingFault.noExamples }
    stepsPerEpoch = (batches + settings.gradientAccumulationSteps - 1) / settings.gradientAccumulationSteps
    switch settings.duration {
    case .steps(let steps): self.steps = steps
    case .epochs(let epochs):
      guard epochs * Double(stepsPerEpoch) < 1e9 else { throw TrainingFault.tooLong(epochs: epochs) }
      steps = max(1, Int((epochs * Double(stepsPerEpoch)).rounded(.up)))
    }
    let warmup =
      switch settings.warmup {
      case .steps(let steps): steps
      case .ratio(let ratio): Int((ratio * Double(steps)).rounded(.up))
      }
    schedule = Schedule(settings.schedule, peak: settings.learningRate, warmup: warmup, total: steps)
    optimizerStep = OptimizerStep(table, settings.optimizer, try table.rules(settings, factor: learningRateFactor))
    average = settings.average.map { _ in WeightAverage(table) }
    gradients = Gradients(table)
    let isMostlyFrozen = 2 * table.count < model.parameters.reduce(0) { $0 + $1.count }
    shardSize = isMostlyFrozen && model.config.savedValuesPerToken > 1 << 16 ? 256 : 512
    self.model = model
    self.task = task
    self.objective = objective
    self.table = table
    self.settings = settings
    self.replicas = replicas
    self.batcher = batcher
    self.hook = hook
    try hook?.begin(steps: steps)
  }

  /// Trains until the end, until patience runs out, or until `shouldStop`; the weights that are kept (`takeBest`) are then
  /// in the model, unless the run was interrupted, when the last ones are.
  public func run(shouldStop: () -> Bool, report: (TrainingEvent) -> Void) throws -> TrainingResult {
    var epoch = -1
    var batches: [[Int]] = []
    while state.step < steps {
      if state.shouldStopEarly(settings) { return finish(.stoppedEarly) }
      if shouldStop() { return result(.interrupted) }
      let (now, place) = epochAndPlace(of: state.step)
      if now != epoch {
        epoch = now
        batches = batcher.batches(epoch: epoch)
      }
      let examples = examples(of: place, in: batches), record = try step(examples)
      report(.step(record))
      try watch(record, examples)
      if isTimeToEvaluate() {
        averageAtEvaluation()
        if let record = try withAveragedWeights(evaluate) { report(.evaluated(record)) }
      }
    }
    return finish(.completed)
  }

  /// What the step in this place of an epoch learns from.
  func examples(of place: Int, in batches: [[Int]]) -> [Int] {
    let first = place * settings.gradientAccumulationSteps
    return Array(batches[first..<min(first + settings.gradientAccumulationSteps, batches.count)].joined())
  }

  /// One optimizer step over `examples`.
  func step(_ examples: [Int]) throws -> StepRecord {
    let clock = ContinuousClock(), begin = clock.now
    let number = state.step, seed = settings.seed
    let lessons = shards(of: examples, lengths: batcher.lengths, size: shardSize).map { task.lesson($0, at: number) }
    let size = BatchTotals(lessons)
    let losses = replicas.sum(shards: lessons.count, into: gradients) {
      [model, task, objective] shard, workspace, gradients in
      let pass = Pass(workspace, gradients: gradients, randomKey: RandomKey(seed: seed, step: number, shard: shard))
      return objective.losses(model, task, lessons[shard], of: size, pass)
    }
    let added = hook?.addLoss(to: gradients), loss = losses.reduce(0, +) + (added ?? 0)
    guard loss.isFinite else { throw notFinite(loss, norm: nil, examples) }
    let rate = schedule.learningRate(at: number)
    let gradientNorm = optimizerStep.apply(gradients, number: number + 1, rate: rate, replicas)
    guard gradientNorm.isFinite else { throw notFinite(loss, norm: gradientNorm, examples) }
    hook?.didStep(number, gradients, clip: optimizerStep.clip(gradientNorm))
    let tokens = examples.reduce(0) { $0 + batcher.lengths[$1] }
    state.step += 1
    averageAfterStep()
    state.tokens += tokens
    state.seconds += (clock.now - begin) / .seconds(1)
    return StepRecord(
      step: state.step, steps: steps, epoch: epochsDone, loss: loss,
      terms: terms(losses, added), learningRate: rate, gradientNorm: gradientNorm,
      tokens: tokens, totalTokens: state.tokens, seconds: state.seconds)
  }

  /// What the loss is the sum of, by name; empty where it is one thing.
  private func terms(_ losses: [Double], _ added: Double?) -> [(name: String, loss: Double)] {
    let terms = Array(zip(objective.terms, losses)).map { (name: $0, loss: $1) }
    guard let hook, let added else { return terms }
    return (terms.isEmpty ? [("task", losses.reduce(0, +))] : terms) + [(hook.term, added)]
  }

  /// Steps taken so far.
  public var step: Int { state.step }

  private var epochsDone: Double { Double(state.step) / Double(stepsPerEpoch) }

  private func epochAndPlace(of step: Int) -> (Int, Int) { (step / stepsPerEpoch, step % stepsPerEpoch) }

  private func isTimeToEvaluate() -> Bool {
    state.step == steps || state.step % stepsBetweenEvaluations == 0
  }

  /// Scores the dev split, where there is one, and keeps the weights if they are the best so far.
  private func evaluate() throws -> EvaluationRecord? {
    let clock = ContinuousClock(), begin = clock.now
    guard let evaluation = try task.evaluate(model, on: .dev, replicas.forEach) else { return nil }
    guard let value = evaluation.values[settings.metricForBestModel] else {
      throw TrainingFault.unknownMetric(settings.metricForBestModel, known: Array(evaluation.values.keys))
    }
    let isBest =
      settings.choosesBest
      && state.best.map { TrainingSettings.isBetter(value, than: $0.value, in: settings.metricForBestModel) } ?? true
    state.evaluationsSinceBest = isBest ? 0 : state.evaluationsSinceBest + 1
    if isBest {
      state.best = BestEvaluation(
        epoch: epochsDone, step: state.step, metric: settings.metricForBestModel, value: value)
      state.bestWeights = nil  // the old ones go before the new ones come
      state.bestWeights = table.values
    }
    return EvaluationRecord(
      step: state.step, epoch: epochsDone, evaluation: evaluation, isBest: isBest,
      seconds: (clock.now - begin) / .seconds(1))
  }

  private func finish(_ status: TrainingResult.Status) -> TrainingResult {
    loadBestWeights()
    return result(status)
  }

  private func result(_ status: TrainingResult.Status) -> TrainingResult {
    TrainingResult(
      status: status, steps: state.step, best: state.best, trainSeconds: state.seconds, tokens: state.tokens)
  }
}

/// Where a run stands.
struct TrainingState {
  var step = 0
  var tokens = 0
  var seconds = 0.0
  var best: BestEvaluation?
  var bestWeights: [Float]?
  var evaluationsSinceBest = 0
  var spikeDetector = LossSpikeDetector()

  func shouldStopEarly(_ settings: TrainingSettings) -> Bool {
    settings.earlyStoppingPatience.map { evaluationsSinceBest >= $0 } ?? false
  }
}
