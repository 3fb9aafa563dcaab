/// The training loop: batches, shards, gradients, optimizer steps, evaluations and the best weights. It does not depend
/// on the type of task and writes no files.
public import Adapters
public import Autograd
public import Models
public import Tasks

public final class Trainer {
  let model: TextModel
  let adapters: RowAdapters
  let task: any Task
  private let objective: any Objective
  let table: ParameterTable
  let settings: TrainingSettings
  let replicas: Replicas
  let plan: StepPlan
  let optimizerStep: OptimizerStep
  let average: WeightAverage?
  let hook: (any StepHook)?
  let gradients: Gradients
  private let schedule: Schedule
  /// Tokens per shard. Small shards save activation memory, but every shard makes one pass over the gradients of all
  /// trainable weights: they suit a large model that is mostly frozen.
  private let shardSize: Int
  /// Steps of the run.
  public var steps: Int { plan.steps }
  /// Training examples, and those of them that are not trained on because they have no target.
  public var exampleCount: Int { plan.batcher.lengths.count }
  public var untrainedExampleCount: Int { exampleCount - plan.batcher.examples.count }

  var state = TrainingState()
  /// The passes of the shards of a batch whose loss compares its examples.
  var shardPasses: [ShardPass] = []
  var speed = EvaluationSpeed()

  /// Trains exactly the parameters of `table`, which includes those of the objective.
  /// - Parameters:
  ///   - adapters: of every forward pass of the model, in training and evaluation.
  ///   - learningRateFactor: the method's factor of a parameter's learning rate; see `layerDecayFactor`.
  ///   - hook: the method's code that runs between the passes.
  /// - Throws: `TrainingFault`; `GroupFault` if a parameter group matches nothing; the errors of `hook`.
  public init(
    _ model: TextModel, _ task: any Task, _ table: ParameterTable, _ settings: TrainingSettings, _ replicas: Replicas,
    adapters: RowAdapters = .none, objective: any Objective = TaskLoss(),
    learningRateFactor: (Parameter) -> Double = { _ in 1 }, hook: (any StepHook)? = nil
  ) throws {
    let lengths = task.sequenceLengths
    let examples = lengths.indices.filter { !objective.requiresTargets || task.hasTargets($0) }
    plan = try StepPlan(
      Batcher(
        lengths: lengths, examples: examples, size: settings.batchSize, samplingStrategy: settings.samplingStrategy,
        seed: settings.seed),
      settings.duration, batchesPerStep: settings.gradientAccumulationSteps)
    let steps = plan.steps
    let warmupSteps =
      switch settings.warmup {
      case .steps(let steps): steps
      case .ratio(let ratio): Int((ratio * Double(steps)).rounded(.up))
      }
    schedule = Schedule(
      settings.schedule, settings.scheduleOptions, learningRate: settings.learningRate, warmupSteps: warmupSteps,
      totalSteps: steps)
    optimizerStep = OptimizerStep(table, settings.optimizer, try table.rules(settings, factor: learningRateFactor))
    average = settings.average.map { _ in WeightAverage(table) }
    gradients = Gradients(table)
    let isMostlyFrozen = 2 * table.count < model.parameters.reduce(0) { $0 + $1.count }
    shardSize = isMostlyFrozen && model.config.savedValuesPerToken > 1 << 16 ? 256 : 512
    (self.model, self.adapters) = (model, adapters)
    self.task = task
    self.objective = objective
    self.table = table
    self.settings = settings
    self.replicas = replicas
    self.hook = hook
    try hook?.begin(steps: steps)
  }

  /// Trains to the last step, until early stopping, or until `shouldStop` returns true. Then the model has the weights
  /// to keep (`loadBestWeights`: the best, averaged or last ones), or the current ones if the run was interrupted.
  public func run(shouldStop: () -> Bool, report: (TrainingEvent) -> Void) throws -> TrainingResult {
    var epoch = -1
    var epochSteps: [[Int]] = []
    if state.step == 0, settings.evalOnStart, let record = try evaluate(report) { report(.evaluated(record)) }
    while state.step < steps {
      if state.shouldStopEarly(settings) { return finish(.stoppedEarly) }
      if replicas.communicator.broadcast(shouldStop()) { return result(.interrupted) }
      let position = plan.position(of: state.step)
      if position.epoch != epoch {
        epoch = position.epoch
        epochSteps = plan.epoch(epoch)
      }
      let examples = epochSteps[position.index], record = try step(examples)
      report(.step(record))
      try checkLossSpike(record, examples)
      if isTimeToEvaluate() {
        averageAtEvaluation()
        if let record = try withAveragedWeights({ try evaluate(report) }) { report(.evaluated(record)) }
      }
    }
    return finish(.completed)
  }

  /// One optimizer step over `examples`.
  func step(_ examples: [Int]) throws -> StepRecord {
    let clock = ContinuousClock(), begin = clock.now
    let number = state.step, seed = settings.seed
    let batches = parts(of: examples).map { task.batch($0, at: number) }
    let totals = BatchTotals(batches)
    precondition(totals.labeled > 0 || !objective.requiresTargets, "step \(number + 1): no example has a target")
    let keys = batches.indices.map { RandomKey(seed: seed, step: number, shard: $0) }
    let losses =
      comparesExamples && batches.count > 1
      ? wholeBatchLosses(batches, keys, totals, isCached: task.batchLoss.isCached)
      : replicas.sum(shards: batches.count, into: gradients) {
        [model, adapters, task, objective] shard, workspace, gradients in
        let pass = Pass(workspace, gradients: gradients, randomKey: keys[shard])
        return objective.losses(model, adapters: adapters, task, batches[shard], totals: totals, pass)
      }
    let added = hook?.addLoss(to: gradients), loss = losses.reduce(0, +) + (added ?? 0)
    guard loss.isFinite else { throw nonFiniteFault(loss, norm: nil, examples) }
    let learningRate = schedule.learningRate(at: number)
    let gradientNorm = optimizerStep.apply(
      gradients, number: number + 1, learningRate: learningRate, replicas)
    guard gradientNorm.isFinite else { throw nonFiniteFault(loss, norm: gradientNorm, examples) }
    hook?.didStep(number, gradients, clip: optimizerStep.clipFactor(gradientNorm))
    let tokens = examples.reduce(0) { $0 + plan.batcher.lengths[$1] }
    state.step += 1
    averageAfterStep()
    state.tokens += tokens
    state.seconds += (clock.now - begin) / .seconds(1)
    return StepRecord(
      step: state.step, steps: steps, epoch: plan.epochs(after: state.step), loss: loss,
      terms: terms(losses, added), learningRate: learningRate, gradientNorm: gradientNorm,
      tokens: tokens, totalTokens: state.tokens, seconds: state.seconds, secondsLeft: secondsLeft)
  }

  /// Whether the loss is the task's, and compares the examples of a batch.
  private var comparesExamples: Bool { task.batchLoss != .ofExamples && objective is TaskLoss }

  /// The shards of a batch: by tokens, or mini-batches of a cached batch. One where teachers also read a batch whose loss
  /// compares its examples.
  private func parts(of examples: [Int]) -> [[Int]] {
    switch task.batchLoss {
    case .ofWholeBatch(let size?):
      stride(from: 0, to: examples.count, by: size).map { Array(examples[$0..<min($0 + size, examples.count)]) }
    case .ofWholeBatch where !comparesExamples: [examples]
    default: shards(of: examples, lengths: plan.batcher.lengths, size: shardSize)
    }
  }

  /// The terms of the loss by name; empty if it has a single term.
  private func terms(_ losses: [Double], _ added: Double?) -> [(name: String, loss: Double)] {
    let terms = Array(zip(objective.terms, losses)).map { (name: $0, loss: $1) }
    guard let hook, let added else { return terms }
    return (terms.isEmpty ? [("task", losses.reduce(0, +))] : terms) + [(hook.term, added)]
  }

  /// Steps taken so far.
  public var step: Int { state.step }

  private func finish(_ status: TrainingResult.Status) -> TrainingResult {
    loadBestWeights()
    return result(status)
  }

  private func result(_ status: TrainingResult.Status) -> TrainingResult {
    TrainingResult(
      status: status, steps: state.step, best: state.best, trainSeconds: state.seconds, tokens: state.tokens)
  }
}

/// The counters and evaluation results of a run.
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
