/// The training loop: batches, shards, gradients, optimizer steps, evaluations and the best weights. It does not depend
/// on the type of task and writes no files.
package import Adapters
package import Autograd
package import Encoders
package import Tasks

package final class Trainer {
  let learners: [Learner]
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
  let shardSize: Int
  /// The number of each learner's first example among those of all.
  let firstExamples: [Int]
  /// The parameters of each learner, and those that it shares; none for one learner.
  private let parameterSets: [(own: [Bool], shared: [Bool])]
  /// Steps of the run.
  package var steps: Int { plan.steps }
  /// Training examples, and those of them that are not trained on because they have no target.
  package var exampleCount: Int { plan.batcher.lengths.count }
  package var untrainedExampleCount: Int { exampleCount - plan.batcher.examples.count }

  var state = TrainingState()
  /// The passes of the shards of a batch whose loss compares its examples.
  var shardPasses: [ShardPass] = []
  var speed = EvaluationSpeed()

  /// The run of one task.
  /// - Parameter adapters: of every forward pass of the model, in training and evaluation.
  package convenience init(
    _ model: TextModel, _ task: any Task, _ table: ParameterTable, _ settings: TrainingSettings, _ replicas: Replicas,
    adapters: RowAdapters = .none, objective: any Objective = TaskLoss(),
    learningRateFactor: (Parameter) -> Double = { _ in 1 }, hook: (any StepHook)? = nil
  ) throws {
    try self.init(
      [Learner("", task, model, adapters: adapters, parameters: table.parameters)], table, settings, replicas,
      objective: objective, learningRateFactor: learningRateFactor, hook: hook)
  }

  /// Trains exactly the parameters of `table`, which includes those of the objective.
  /// - Parameters:
  ///   - learners: their models share an encoder. They take turns, one each step.
  ///   - samplingAlpha: of several learners; see `TaskMix`.
  ///   - learningRateFactor: the method's factor of a parameter's learning rate; see `layerDecayFactor`.
  ///   - hook: the method's code that runs between the passes.
  /// - Throws: `TrainingFault`; `GroupFault` if a parameter group matches nothing; the errors of `hook`.
  package init(
    _ learners: [Learner], samplingAlpha: Double = 1, _ table: ParameterTable, _ settings: TrainingSettings,
    _ replicas: Replicas, objective: any Objective = TaskLoss(),
    learningRateFactor: (Parameter) -> Double = { _ in 1 }, hook: (any StepHook)? = nil
  ) throws {
    let batchers = learners.map { learner in
      let lengths = learner.task.sequenceLengths
      return Batcher(
        lengths: lengths,
        examples: lengths.indices.filter { !objective.requiresTargets || learner.task.hasTargets($0) },
        size: learner.batchSize ?? settings.batchSize, samplingStrategy: settings.samplingStrategy, seed: settings.seed)
    }
    let accumulated = settings.gradientAccumulationSteps
    plan =
      learners.count == 1
      ? try StepPlan(batchers[0], settings.duration, batchesPerStep: accumulated)
      : try StepPlan(
        TaskMix(batchers, batchesPerStep: accumulated, alpha: samplingAlpha, seed: settings.seed), settings.duration,
        batchesPerStep: 1)
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
    let model = learners[0].model
    let isMostlyFrozen = 2 * table.count < model.parameters.reduce(0) { $0 + $1.count }
    shardSize = isMostlyFrozen && model.config.savedValuesPerToken > 1 << 16 ? 256 : 512
    self.learners = learners
    firstExamples = offsets(ofParts: batchers.map(\.lengths.count))
    parameterSets = learners.count == 1 ? [] : learners.indices.map { learners.ownAndShared($0, in: table) }
    self.objective = objective
    self.table = table
    self.settings = settings
    self.replicas = replicas
    self.hook = hook
    state.turns = learners.map { _ in 0 }
    state.isEvaluationDue = settings.evalOnStart
    try hook?.begin(steps: steps)
  }

  /// Trains to the last step, until early stopping, or until `shouldStop` returns true, between steps or in an evaluation.
  /// Then the model has the weights to keep (`exchangeBestWeights`: the best, averaged or last ones), or the current ones if
  /// the run was interrupted.
  /// - Parameter betweenSteps: called when a step and its evaluation are complete.
  package func run(
    shouldStop: () -> Bool, betweenSteps: () -> Void = {}, report: (TrainingEvent) -> Void
  ) throws -> TrainingResult {
    try checkRanks()
    do { return try train(shouldStop, betweenSteps, report) } catch is EvaluationInterrupted {
      return result(.interrupted)
    }
  }

  private func train(
    _ shouldStop: () -> Bool, _ betweenSteps: () -> Void, _ report: (TrainingEvent) -> Void
  ) throws -> TrainingResult {
    var epoch = -1
    var epochSteps: [[Int]] = []
    while true {
      if state.isEvaluationDue, let record = try evaluate(shouldStop, report) { report(.evaluated(record)) }
      betweenSteps()
      if state.step == steps { return finish(.completed) }
      if state.shouldStopEarly(settings) { return finish(.stoppedEarly) }
      if replicas.communicator.isTrueOnAny(shouldStop()) { return result(.interrupted) }
      let position = plan.position(of: state.step)
      if position.epoch != epoch {
        epoch = position.epoch
        epochSteps = plan.epoch(epoch)
      }
      let examples = epochSteps[position.index], record = try step(examples)
      report(.step(record))
      try checkLossSpike(record, examples)
      state.isEvaluationDue = isTimeToEvaluate()
    }
  }

  /// One optimizer step over `examples`.
  func step(_ examples: [Int]) throws -> StepRecord {
    let clock = ContinuousClock(), begin = clock.now
    let number = state.step, seed = settings.seed, turn = learnerNumber(of: examples[0])
    let learner = learners[turn], first = firstExamples[turn]
    let batches = parts(of: examples).map { part in
      learner.task.batch(part.map { $0 - first }, at: number)
    }
    let totals = BatchTotals(batches)
    precondition(totals.labeled > 0 || !objective.requiresTargets, "step \(number + 1): no example has a target")
    let keys = batches.indices.map { RandomKey(seed: seed, step: number, shard: $0) }
    let losses =
      comparesExamples(learner) && batches.count > 1
      ? wholeBatchLosses(of: learner, batches, keys, totals, isCached: learner.task.batchLoss.isCached)
      : replicas.sum(shards: batches.count, into: gradients, settings.reducePrecision) {
        [objective] shard, workspace, gradients in
        let pass = Pass(workspace, gradients: gradients, randomKey: keys[shard])
        return objective.losses(
          learner.model, adapters: learner.adapters, learner.task, batches[shard], totals: totals, pass)
      }
    let added = hook?.addLoss(to: gradients), loss = losses.reduce(0, +) + (added ?? 0)
    guard loss.isFinite else { throw nonFiniteFault(loss, norm: nil, examples) }
    let learningRate = schedule.learningRate(at: number)
    let gradientNorm = optimizerStep.apply(
      gradients, number: number + 1, turn: optimizerTurn(of: turn), learningRate: learningRate, replicas)
    guard gradientNorm.isFinite else { throw nonFiniteFault(loss, norm: gradientNorm, examples) }
    hook?.didStep(number, gradients, clip: optimizerStep.clipFactor(gradientNorm))
    let tokens = examples.reduce(0) { $0 + plan.batcher.lengths[$1] }
    state.step += 1
    state.turns[turn] += 1
    averageAfterStep()
    state.tokens += tokens
    state.seconds += (clock.now - begin) / .seconds(1)
    return StepRecord(
      step: state.step, steps: steps, epoch: plan.epochs(after: state.step), loss: loss,
      terms: terms(losses, added), learningRate: learningRate, gradientNorm: gradientNorm,
      tokens: tokens, totalTokens: state.tokens, seconds: state.seconds, secondsLeft: secondsLeft)
  }

  /// The learner of an example.
  func learnerNumber(of example: Int) -> Int {
    learners.indices.last { firstExamples[$0] <= example } ?? 0
  }

  /// The source of an example, for messages.
  func describe(_ example: Int) -> String {
    let number = learnerNumber(of: example), learner = learners[number]
    return (learner.name.isEmpty ? "" : learner.name + ": ")
      + learner.task.describe(example: example - firstExamples[number])
  }

  private func optimizerTurn(of learner: Int) -> OptimizerStep.Turn? {
    if parameterSets.isEmpty { return nil }
    let (own, shared) = parameterSets[learner]
    return OptimizerStep.Turn(own: own, shared: shared, number: state.turns[learner] + 1)
  }

  /// The shards of a batch: by tokens, or mini-batches of a cached batch. One where teachers also read a batch whose loss
  /// compares its examples.
  func parts(of examples: [Int]) -> [[Int]] {
    let learner = learners[learnerNumber(of: examples[0])]
    switch learner.task.batchLoss {
    case .ofWholeBatch(let size?):
      return stride(from: 0, to: examples.count, by: size).map { Array(examples[$0..<min($0 + size, examples.count)]) }
    case .ofWholeBatch where !comparesExamples(learner): return [examples]
    default: return shards(of: examples, lengths: plan.batcher.lengths, size: shardSize)
    }
  }

  private func comparesExamples(_ learner: Learner) -> Bool {
    learner.task.batchLoss != .ofExamples && objective is TaskLoss
  }

  /// The terms of the loss by name; empty if it has a single term.
  private func terms(_ losses: [Double], _ added: Double?) -> [(name: String, loss: Double)] {
    let terms = Array(zip(objective.terms, losses)).map { (name: $0, loss: $1) }
    guard let hook, let added else { return terms }
    return (terms.isEmpty ? [("task", losses.reduce(0, +))] : terms) + [(hook.term, added)]
  }

  /// Steps taken so far.
  package var step: Int { state.step }

  private func finish(_ status: TrainingResult.Status) -> TrainingResult {
    exchangeBestWeights()
    return result(status)
  }

  private func result(_ status: TrainingResult.Status) -> TrainingResult {
    TrainingResult(
      status: status, steps: state.step, best: state.best, bestEvaluations: state.bestEvaluations,
      trainSeconds: state.seconds, tokens: state.tokens)
  }
}

/// The counters and evaluation results of a run.
struct TrainingState {
  var step = 0
  /// Whether the evaluation after this step is still to be done.
  var isEvaluationDue = false
  /// Steps of each learner.
  var turns: [Int] = []
  var tokens = 0
  var seconds = 0.0
  var best: BestEvaluation?
  var bestWeights: [Float]?
  /// The evaluations of the learners with these weights; empty after they were read from a snapshot.
  var bestEvaluations: [Evaluation?] = []
  var evaluationsSinceBest = 0
  var spikeDetector = LossSpikeDetector()

  func shouldStopEarly(_ settings: TrainingSettings) -> Bool {
    settings.earlyStoppingPatience.map { evaluationsSinceBest >= $0 } ?? false
  }
}
