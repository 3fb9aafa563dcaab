/// What a run reports while it trains.
import Tasks
import Training

/// A step or an evaluation of a run.
public enum TrainingProgress: Sendable {
  /// An optimizer step was taken.
  /// - Parameters:
  ///   - number: from 1; `of`: the steps of the run.
  ///   - loss: of the step's batch.
  ///   - tokensPerSecond: of all steps so far.
  ///   - secondsLeft: until the run ends, an estimate.
  case step(_ number: Int, of: Int, loss: Double, tokensPerSecond: Double, secondsLeft: Double)
  /// The development data were evaluated.
  /// - Parameters:
  ///   - epoch: epochs so far, with a fraction.
  ///   - metrics: by name, as in the run's result.json; fractions, not percents.
  ///   - isBest: whether the weights are the best so far.
  case evaluation(epoch: Double, metrics: [String: Double], isBest: Bool)
  /// A message for the user.
  case note(String)

  /// nil: a part of an evaluation.
  init?(_ event: TrainingEvent) {
    switch event {
    case .step(let step):
      self = .step(
        step.step, of: step.steps, loss: step.loss,
        tokensPerSecond: Double(step.totalTokens) / max(step.seconds, 1e-9), secondsLeft: step.secondsLeft)
    case .evaluated(let record):
      self = .evaluation(epoch: record.epoch, metrics: record.evaluation.values, isBest: record.isBest)
    case .evaluating: return nil
    }
  }
}
