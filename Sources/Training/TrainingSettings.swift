/// The settings of a training run, its events and results, and its errors.
package import Tasks

package struct TrainingSettings: Sendable, Equatable {
  package enum Duration: Sendable, Equatable {
    case epochs(Double)
    case steps(Int)
  }

  package enum Warmup: Sendable, Equatable {
    /// Fraction of all steps; the number of steps is rounded up.
    case ratio(Double)
    case steps(Int)
  }

  package var seed: UInt64 = 42
  package var duration = Duration.epochs(3)
  package var batchSize = Batcher.Size.examples(32)
  package var samplingStrategy = Batcher.SamplingStrategy.random
  /// Batches per optimizer step. The loss is the mean over all their labels, as if they were one batch.
  package var gradientAccumulationSteps = 1
  package var reducePrecision = ReducePrecision.fp32
  package var learningRate = 5e-5
  package var schedule = Schedule.Shape.linear
  package var scheduleOptions = Schedule.Options()
  package var warmup = Warmup.ratio(0)
  package var optimizer = OptimizerSettings()
  /// The first group that matches a parameter applies.
  package var groups: [ParameterGroup] = []
  /// nil: no averaging.
  package var average: Averaging?
  /// Steps between evaluations, which are also the points of `Averaging.last`; nil: once per epoch.
  package var evalSteps: Int?
  /// Whether dev is also evaluated before the first step. That evaluation does not choose the best weights.
  package var evalOnStart = false
  /// One of the task's metrics.
  package var metricForBestModel = Metric.loss
  /// Evaluations without a new best after which training stops; nil: never.
  package var earlyStoppingPatience: Int?
  /// A loss above this factor times the median of the losses before is a spike; nil: no check. See `LossSpikeDetector`.
  package var maxLossSpike: Double?

  package init() {}

  /// Whether the weights with the best evaluation are loaded at the end.
  var selectsBestWeights: Bool { if case .last = average { false } else { true } }
}

/// The results of a training step.
package struct StepRecord: Sendable {
  package let step, steps: Int
  /// Epochs done so far, with a fraction; an epoch has every example once.
  package let epoch: Double
  package let loss: Double
  /// The terms of the loss; empty if it has a single term.
  package let terms: [(name: String, loss: Double)]
  package let learningRate, gradientNorm: Double
  /// Tokens of this step, and of all steps so far. There is no padding.
  package let tokens, totalTokens: Int
  /// Seconds of training so far, without evaluations; and until the run ends, with them.
  package let seconds, secondsLeft: Double
}

/// The results of an evaluation on the dev split.
package struct EvaluationRecord: Sendable {
  package let step: Int
  package let epoch: Double
  package let evaluation: Evaluation
  package let isBest: Bool
  package let seconds: Double
}

package enum TrainingEvent: Sendable {
  case step(StepRecord)
  /// Reported often, while a split is evaluated.
  case evaluating(EvaluationProgress)
  case evaluated(EvaluationRecord)
}

/// The best evaluation so far.
package struct BestEvaluation: Sendable, Equatable {
  package let epoch: Double
  package let step: Int
  package let metric: String
  package let value: Double
}

package struct TrainingResult: Sendable {
  package enum Status: String, Sendable { case completed, stoppedEarly = "stopped_early", interrupted }
  package var status: Status
  package let steps: Int
  package let best: BestEvaluation?
  /// The evaluation of each learner on dev with the best weights; empty: it is not known any more.
  package let bestEvaluations: [Evaluation?]
  package let trainSeconds: Double
  package let tokens: Int
}

/// Training cannot start or continue.
package enum TrainingFault: Error, CustomStringConvertible {
  case noExamples
  case tooLong(epochs: Double)
  case nonFiniteStep(NonFiniteStep)
  case lossSpike(step: Int, loss: Double, median: Double, factor: Double, examples: [String])
  case unknownMetric(String, known: [String])
  case tooManyRanks(Int, groups: Int, shardSize: Int)

  package var description: String {
    switch self {
    case .noExamples: "The training file has no examples with a target."
    case .tooLong(let epochs): "'training.epochs' is \(epochs), which is more than a billion steps."
    case .nonFiniteStep(let step): step.description
    case .lossSpike(let step, let loss, let median, let factor, let examples):
      "Step \(step): the loss is \(loss). For \(LossSpikeDetector.spikesToStop) steps in a row it has been above "
        + "\(factor) times \(median), the median of the steps before ('training.max_loss_spike').\nLast batch: "
        + NonFiniteStep.list(examples)
        + "\nTo continue anyway, use --resume training.max_loss_spike=null. A different 'training.learning_rate' "
        + "makes a new run, which requires --overwrite."
    case .unknownMetric(let metric, let known):
      "'training.metric_for_best_model' is \"\(metric)\"; this task has the metrics "
        + "\(known.sorted().joined(separator: ", "))."
    case .tooManyRanks(let ranks, let groups, let shardSize):
      "There are \(ranks) ranks, but no step has work for more than \(groups): 'training.batch_size' is the whole batch, which is "
        + "divided into at most 8 groups (4 where more than 16 million weights are trained) of shards of about \(shardSize) tokens. Start \(groups) "
        + "\(groups == 1 ? "process" : "ranks"), or choose a larger 'training.batch_size'."
    }
  }
}
