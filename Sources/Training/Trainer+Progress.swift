/// How far a run and its evaluations are, and how long the rest takes.
import Synchronization
package import Tasks

/// How far the evaluation of a split is.
package struct EvaluationProgress: Sendable {
  package let split: Split
  /// From 0 to 1.
  package let fraction: Double
  /// Seconds until the run ends.
  package let secondsLeft: Double
}

/// Measures the evaluation of a split, which begins now.
package struct EvaluationTimer {
  private let split: Split
  private let secondsAfter: Double
  private let begin = ContinuousClock.now

  /// - Parameter secondsAfter: what the run takes after this evaluation.
  package init(_ split: Split, secondsAfter: Double = 0) { (self.split, self.secondsAfter) = (split, secondsAfter) }

  package var seconds: Double { (ContinuousClock.now - begin) / .seconds(1) }

  /// - Parameter done: finished batches, at least 1.
  package func progress(_ done: Int, of count: Int) -> EvaluationProgress {
    EvaluationProgress(
      split: split, fraction: Double(done) / Double(count),
      secondsLeft: seconds * Double(count - done) / Double(done) + secondsAfter)
  }
}

/// `shouldStop` returned true in an evaluation.
package struct EvaluationInterrupted: Error {}

/// Evaluations of this process so far.
struct EvaluationSpeed {
  var tokens = 0
  var seconds = 0.0
}

extension Trainer {
  /// Seconds until the run ends: its steps and evaluations, and the scores of dev and test at the end.
  var secondsLeft: Double {
    let perStep = state.seconds / Double(max(state.step, 1))
    let evaluations = evaluationCount(until: steps) - evaluationCount(until: state.step) + evaluationsAtEnd
    return perStep * Double(steps - state.step)
      + seconds(evaluating: evaluations * learners.tokens(in: .dev) + learners.tokens(in: .test))
  }

  /// Evaluations of dev when training has ended: that of the best weights is kept, and averaged weights have none yet.
  var evaluationsAtEnd: Int { settings.selectsBestWeights ? 0 : 1 }

  /// Before the first evaluation a forward pass is assumed to take a third of a step's time.
  private func seconds(evaluating tokens: Int) -> Double {
    let perToken =
      speed.tokens > 0 ? speed.seconds / Double(speed.tokens) : state.seconds / Double(3 * max(state.tokens, 1))
    return Double(tokens) * perToken
  }

  /// Runs `body`, the evaluation of a split at the end of the run, on all ranks, and reports its progress.
  /// - Parameter later: the splits that are evaluated after this one.
  /// - Throws: `EvaluationInterrupted` on every rank if `shouldStop` is true on one; the errors of `body`.
  package func withProgress<Result>(
    of split: Split, before later: [Split], shouldStop: () -> Bool, report: (TrainingEvent) -> Void,
    _ body: (ParallelMap) throws -> Result
  ) throws -> Result {
    let tokens = later.reduce(0) { $0 + learners.tokens(in: $1) }
    return try withProgress(of: split, secondsAfter: seconds(evaluating: tokens), shouldStop, report, body)
  }

  func withProgress<Result>(
    of split: Split, secondsAfter: Double, _ shouldStop: () -> Bool, _ report: (TrainingEvent) -> Void,
    _ body: (ParallelMap) throws -> Result
  ) throws -> Result {
    let timer = EvaluationTimer(split, secondsAfter: secondsAfter)
    var isEvaluation = false
    let result = try withoutActuallyEscaping(report) { report in
      try withoutActuallyEscaping(shouldStop) { shouldStop in
        try body { count, work in
          isEvaluation = true
          let isStopped = Atomic<Bool>(shouldStop())
          let outputs = replicas.map(
            count,
            progress: {
              report(.evaluating(timer.progress($0, of: $1)))
              if shouldStop() { isStopped.store(true, ordering: .relaxed) }
            },
            { isStopped.load(ordering: .relaxed) ? BatchOutput() : work($0, $1) })
          let isInterrupted = replicas.communicator.isTrueOnAny(isStopped.load(ordering: .relaxed))
          if isInterrupted { throw EvaluationInterrupted() }
          return outputs
        }
      }
    }
    if isEvaluation {
      speed.tokens += learners.tokens(in: split)
      speed.seconds += timer.seconds
    }
    return result
  }
}
