/// How long, how fast and by what measure a model is trained.
public import Tasks

public struct TrainingSettings: Sendable, Equatable {
  public enum Duration: Sendable, Equatable {
    case epochs(Double)
    case steps(Int)
  }

  public enum Warmup: Sendable, Equatable {
    /// Of all steps, rounded up.
    case ratio(Double)
    case steps(Int)
  }

  public var seed: UInt64 = 42
  public var duration = Duration.epochs(3)
  public var batchSize = Batcher.Size.examples(32)
  public var samplingStrategy = Batcher.SamplingStrategy.random
  /// Batches whose gradients make one step. Their loss is the mean over all their labels, as if they were one batch.
  public var gradientAccumulationSteps = 1
  public var learningRate = 5e-5
  public var schedule = Schedule.Shape.linear
  public var warmup = Warmup.ratio(0)
  public var optimizer = OptimizerSettings()
  /// Parameters with a pace of their own; the first that matches a name holds.
  public var groups: [ParameterGroup] = []
  /// nil: the weights themselves are evaluated and kept.
  public var average: Averaging?
  /// Steps between evaluations, or points of an average; nil: after every epoch.
  public var evalSteps: Int?
  /// A key of `Evaluation.values`; "loss" and "perplexity" are better when smaller, everything else when larger.
  public var metricForBestModel = "f1"
  /// Evaluations without a better value after which training ends; nil: never.
  public var earlyStoppingPatience: Int?
  /// What a loss may be at most, in medians of those before; nil: anything. See `LossSpikeDetector`.
  public var maxLossSpike: Double?

  public init() {}

  /// Whether evaluations choose the weights that are kept.
  var choosesBest: Bool { if case .last = average { false } else { true } }

  public static func isBetter(_ value: Double, than other: Double, in metric: String) -> Bool {
    ["loss", "perplexity"].contains(metric) ? value < other : value > other
  }
}

/// What happened at a step.
public struct StepRecord: Sendable {
  public let step, steps: Int
  /// Epochs done, with their fraction.
  public let epoch: Double
  public let loss: Double
  /// What the loss is the sum of, where it is one.
  public let terms: [(name: String, loss: Double)]
  public let learningRate, gradientNorm: Double
  /// Tokens of this step, and of all so far; no padding is ever counted, because there is none.
  public let tokens, totalTokens: Int
  /// Seconds of training so far, evaluations left out.
  public let seconds: Double
}

/// What an evaluation on the dev split found.
public struct EvaluationRecord: Sendable {
  public let step: Int
  public let epoch: Double
  public let evaluation: Evaluation
  public let isBest: Bool
  public let seconds: Double
}

public enum TrainingEvent: Sendable {
  case step(StepRecord)
  case evaluated(EvaluationRecord)
}

/// The evaluation whose weights are kept.
public struct BestEvaluation: Sendable, Equatable {
  public let epoch: Double
  public let step: Int
  public let metric: String
  public let value: Double
}

public struct TrainingResult: Sendable {
  public enum Status: String, Sendable { case completed, stoppedEarly = "stopped_early", interrupted }
  public let status: Status
  public let steps: Int
  public let best: BestEvaluation?
  public let trainSeconds: Double
  public let tokens: Int
}

/// Training cannot go on.
public enum TrainingFault: Error, CustomStringConvertible {
  case noExamples
  case tooLong(epochs: Double)
  case notFinite(NonFiniteStep)
  case lossSpike(step: Int, loss: Double, median: Double, factor: Double, examples: [String])
  case unknownMetric(String, known: [String])

  public var description: String {
    switch self {
    case .noExamples: "The training file has no example."
    case .tooLong(let epochs): "'training.epochs' is \(epochs): more than a billion steps."
    case .notFinite(let facts): facts.description
    case .lossSpike(let step, let loss, let median, let factor, let examples):
      "Step \(step): the loss is \(loss), for the \(LossSpikeDetector.patience)rd step in a row above \(factor) times \(median), "
        + "the median of the steps before ('training.max_loss_spike').\nThe last step's batch: "
        + NonFiniteStep.list(examples)
        + "\nGo on all the same with --resume training.max_loss_spike=null; another 'training.learning_rate' is "
        + "another run, which starts anew with --overwrite."
    case .unknownMetric(let metric, let known):
      "'training.metric_for_best_model' is \"\(metric)\"; this task has \(known.sorted().joined(separator: ", "))."
    }
  }
}
