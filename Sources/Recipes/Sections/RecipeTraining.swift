/// The recipe's section "training". Does not train.
import Files

extension Recipe {
  /// How long, how fast, how checked.
  public struct Training: Sendable, Equatable {
    public enum Duration: Sendable, Equatable {
      /// Passes over the training data; a part of one counts.
      case epochs(Double)
      /// Updates of the weights.
      case maxSteps(Int)
    }
    public enum BatchSize: Sendable, Equatable {
      case examples(Int)
      case tokens(Int)
    }
    public enum SamplingStrategy: String, CaseIterable, Sendable {
      case random
      case groupByLength = "group_by_length"
    }
    /// What the best checkpoint is best at, on the dev data.
    public enum Metric: String, CaseIterable, Sendable { case f1, precision, recall, accuracy, perplexity, loss }

    public var duration = Duration.epochs(3)
    public var batchSize = BatchSize.examples(32)
    public var trainSamplingStrategy = SamplingStrategy.random
    public var gradientAccumulationSteps = 1
    /// Computes the encoder's blocks again in backward instead of keeping what they made.
    public var gradientCheckpointing = false
    public var caching = Caching()
    /// The method's own, unless given: its `usualLearningRate`.
    public var learningRate = 5e-5
    public var schedule = Schedule.linear
    public var scheduleOptions = ScheduleOptions()
    public var warmup = Warmup.ratio(0)
    public var optimizer = Optimizer.adamw
    public var weightDecay = 0.01
    public var adamBeta1 = 0.9
    public var adamBeta2 = 0.999
    public var adamEpsilon = 1e-8
    public var sgdMomentum = 0.9
    public var sgdNesterov = false
    public var lionBeta1 = 0.9
    public var lionBeta2 = 0.99
    /// Gradients beyond this norm are scaled down to it; nil for never.
    public var maxGradNorm: Double? = 1
    public var groups: [Group] = []
    /// The decay of a running mean of the weights, which is what is evaluated and saved; nil: the weights are.
    public var ema: Double?
    /// What is saved is the mean of the weights at so many last evaluations, or epochs' ends; nil: the best is.
    public var averageLast: Int?
    /// Updates between evaluations; nil for one at each epoch's end.
    public var evalSteps: Int?
    /// Without `data.dev` there is nothing to be best at, and this is not read. The task's own, unless given.
    public var metricForBestModel = Metric.f1
    /// Evaluations without a new best before training ends; nil for never.
    public var earlyStoppingPatience: Int?
    public var loggingSteps = 10
    /// A loss so many times the median of those before ends the run; nil for never.
    public var maxLossSpike: Double?
    /// Updates between snapshots; nil: only the clock counts. An adapter's run has one at each evaluation too, and every
    /// run when it is interrupted.
    public var saveSteps: Int?
    /// Minutes between snapshots; nil: only the steps count.
    public var saveMinutes: Double? = 10
    /// Snapshots that are kept, the newest ones.
    public var saveTotalLimit = 2

    mutating func declare(_ fields: Fields) {
      declareDuration(fields)
      declareBatchSize(fields)
      fields.field(
        "train_sampling_strategy", &trainSamplingStrategy, .choice,
        "Which examples share a batch: any, or those of like length.")
      fields.field(
        "gradient_accumulation_steps", &gradientAccumulationSteps, .int(1...),
        "Batches whose gradients make one update.")
      fields.field(
        "gradient_checkpointing", &gradientCheckpointing, .bool,
        "Less memory for more time: blocks are computed again in backward.")
      caching.declare(fields)
      fields.field(
        "learning_rate", &learningRate, .number(above: 0), "The peak; the default depends on the method.")
      declareSchedule(fields)
      declareOptimizer(fields)
      fields.check(
        optimizer == .adamw || fields.isGiven("learning_rate"), "optimizer",
        expected: "'learning_rate' beside it: its default is AdamW's")
      declareAverage(fields)
      fields.optional(
        "eval_steps", &evalSteps, .int(1...), needs: "data.dev",
        "Updates between evaluations; else each epoch.")
      fields.field(
        "metric_for_best_model", &metricForBestModel, .choice, needs: "data.dev", unless: "average_last",
        "What the best checkpoint is best at, on dev.")
      fields.optional(
        "early_stopping_patience", &earlyStoppingPatience, .int(1...), needs: "data.dev",
        "Evaluations without a new best before training ends; else never.")
      // Nothing is best where the last ones are averaged.
      fields.exclusive("average_last", "metric_for_best_model")
      fields.exclusive("average_last", "early_stopping_patience")
      fields.optional(
        "max_loss_spike", &maxLossSpike, .number(above: 1),
        "Ends the run when the loss is above so many medians of those before; else never.")
      fields.field("logging_steps", &loggingSteps, .int(1...), "Updates between lines of the log.")
      fields.optional(
        "save_steps", &saveSteps, .int(1...), "Updates between snapshots that --resume goes on from."
      )
      fields.field(
        "save_minutes", &saveMinutes, .orNull(.number(above: 0)),
        "Minutes between snapshots; null: none by the clock.")
      fields.field("save_total_limit", &saveTotalLimit, .int(1...), "Snapshots that are kept, the newest ones.")
    }

    private mutating func declareAverage(_ fields: Fields) {
      fields.optional(
        "ema", &ema, .number(0..<1), "Decay of a running mean of the weights, which is evaluated and saved.")
      fields.optional(
        "average_last", &averageLast, .int(1...), "What is saved is the mean over the last evaluations or epochs.")
      fields.exclusive("ema", "average_last")
    }

    private mutating func declareDuration(_ fields: Fields) {
      var (epochs, steps): (Double?, Int?) =
        switch duration {
        case .epochs(let epochs): (epochs, nil)
        case .maxSteps(let steps): (nil, steps)
        }
      fields.optional("epochs", &epochs, .number(above: 0), "Passes over the training data; a part of one counts.")
      fields.optional("max_steps", &steps, .int(1...), "Updates, instead of epochs.")
      fields.exclusive("epochs", "max_steps")
      duration = steps.map { .maxSteps($0) } ?? epochs.map { .epochs($0) } ?? duration
    }

    private mutating func declareBatchSize(_ fields: Fields) {
      var (examples, tokens): (Int?, Int?) =
        switch batchSize {
        case .examples(let count): (count, nil)
        case .tokens(let count): (nil, count)
        }
      fields.optional("batch_size", &examples, .int(1...), "Examples in a batch.")
      fields.optional("max_tokens_per_batch", &tokens, .int(1...), "Pieces in a batch, instead of batch_size.")
      fields.exclusive("batch_size", "max_tokens_per_batch")
      batchSize = tokens.map { .tokens($0) } ?? examples.map { .examples($0) } ?? batchSize
    }
  }
}
