/// When and how the dev split is evaluated, and which weights are the best so far.
import Autograd
import Tasks

extension Trainer {
  func isTimeToEvaluate() -> Bool {
    state.step == steps || settings.evalSteps.map { state.step % $0 == 0 } ?? plan.isEndOfEpoch(state.step)
  }

  /// The number of evaluations after training began, until `step`. The last step has one in any case.
  func evaluationCount(until step: Int) -> Int {
    let points = settings.evalSteps.map { Double(step) / Double($0) } ?? plan.epochs(after: step)
    return Int(points.rounded(step == steps ? .up : .down))
  }

  /// Evaluates the dev split with the averaged weights, if there are any, and keeps a copy of them if they are the best so
  /// far. An evaluation before the first step selects nothing. nil without a dev split.
  /// - Throws: `EvaluationInterrupted`; the evaluation is then still due.
  func evaluate(_ shouldStop: () -> Bool, _ report: (TrainingEvent) -> Void) throws -> EvaluationRecord? {
    let isStart = state.step == 0
    let record = isStart ? try score(shouldStop, report) : try withAveragedWeights { try score(shouldStop, report) }
    if !isStart { averageAtEvaluation() }
    state.isEvaluationDue = false
    return record
  }

  private func score(_ shouldStop: () -> Bool, _ report: (TrainingEvent) -> Void) throws -> EvaluationRecord? {
    let clock = ContinuousClock(), begin = clock.now, metric = settings.metricForBestModel
    let epoch = plan.epochs(after: state.step)
    let scores = try withProgress(of: .dev, secondsAfter: secondsLeft, shouldStop, report) { map in
      try learners.map { try $0.task.evaluate($0.model, adapters: $0.adapters, on: .dev, map) }
    }
    guard let evaluation = evaluation(averaging: scores) else { return nil }
    guard let own = evaluation.values[metric.name] else {
      throw TrainingFault.unknownMetric(metric.name, known: Array(evaluation.values.keys))
    }
    let isStart = state.step == 0, value = replicas.communicator.broadcast(own)
    let isBest =
      !isStart && settings.selectsBestWeights && state.best.map { metric.isBetter(value, than: $0.value) } ?? true
    if !isStart { state.evaluationsSinceBest = isBest ? 0 : state.evaluationsSinceBest + 1 }
    if isBest {
      state.best = BestEvaluation(epoch: epoch, step: state.step, metric: metric.name, value: value)
      state.bestWeights = nil  // frees the old copy before the new one is made
      (state.bestWeights, state.bestEvaluations) = (table.values, scores)
    }
    return EvaluationRecord(
      step: state.step, epoch: epoch, evaluation: evaluation, isBest: isBest, seconds: (clock.now - begin) / .seconds(1)
    )
  }

  /// That of the only learner, or the average of all.
  private func evaluation(averaging evaluations: [Evaluation?]) -> Evaluation? {
    if learners.count == 1 { return evaluations[0] }
    return Evaluation(
      averaging: zip(learners, evaluations).compactMap { learner, evaluation in
        evaluation.map { (learner.name, learner.metric, $0) }
      })
  }
}
