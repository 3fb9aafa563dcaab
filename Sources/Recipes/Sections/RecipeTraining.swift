/// The recipe's section "training": duration, batches, evaluation and snapshots. Does not train.
import Files

extension Recipe {
  /// How the model is trained and evaluated.
  public struct Training: Sendable, Equatable {
    public enum Duration: Sendable, Equatable {
      /// Passes over the training data; fractions are allowed.
      case epochs(Double)
      /// Optimizer steps.
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
    /// The metric on the dev data that chooses the best weights.
    public enum Metric: String, CaseIterable, Sendable { case f1, precision, recall, accuracy, perplexity, loss }

    public var duration = Duration.epochs(3)
    public var batchSize = BatchSize.examples(32)
    public var trainSamplingStrategy = SamplingStrategy.random
    public var gradientAccumulationSteps = 1
    /// Whether the encoder's layers are recomputed in the backward pass instead of saving their activations.
    public var gradientCheckpointing = false
    public var caching = Caching()
    /// The default is the method's `defaultLearningRate`.
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
    /// Larger gradients are scaled down to this global norm; nil: no clipping.
    public var maxGradNorm: Double? = 1
    public var groups: [Group] = []
    /// Decay of an exponential moving average of the weights, which is evaluated and saved; nil: no average.
    public var emaDecay: Double?
    /// The number of last evaluations (or ends of epochs) whose weights are averaged and saved; nil: no average.
    public var averageLastEvals: Int?
    /// Steps between evaluations; nil: once per epoch.
    public var evalSteps: Int?
    /// Unused without `data.dev`. The default is the task's `defaultMetric`.
    public var metricForBestModel = Metric.f1
    /// Evaluations without a new best after which training stops; nil: never.
    public var earlyStoppingPatience: Int?
    public var loggingSteps = 10
    /// Losses above this factor times the median of previous losses stop the run; nil: never.
    public var maxLossSpike: Double?
    /// Steps between snapshots; nil: by time only. An adapter's run also saves one at every evaluation, and every run
    /// saves one when it is interrupted.
    public var saveSteps: Int?
    /// Minutes between snapshots; nil: by steps only.
    public var saveMinutes: Double? = 10
    /// The number of newest snapshots to keep.
    public var saveTotalLimit = 2

    mutating func declare(_ fields: Fields) {
      declareDuration(fields)
      declareBatchSize(fields)
      fields.field(
        "train_sampling_strategy", &trainSamplingStrategy, .choice,
        "Random batches, or batches of examples of similar length.")
      fields.field(
        "gradient_accumulation_steps", &gradientAccumulationSteps, .int(1...),
        "Batches per step.")
      fields.field(
        "gradient_checkpointing", &gradientCheckpointing, .bool,
        "Recompute activations in the backward pass: less memory, more time.")
      caching.declare(fields)
      fields.field(
        "learning_rate", &learningRate, .number(above: 0), "Peak learning rate; the default depends on the method.")
      declareSchedule(fields)
      declareOptimizer(fields)
      fields.check(
        optimizer == .adamw || fields.isGiven("learning_rate"), "optimizer",
        expected: "'learning_rate' to be set as well, because its default is AdamW's")
      declareAverage(fields)
      declareEvaluation(fields)
      declareLoggingAndSnapshots(fields)
    }

    private mutating func declareEvaluation(_ fields: Fields) {
      fields.optional(
        "eval_steps", &evalSteps, .int(1...), needs: "data.dev",
        "Steps between evaluations; else once per epoch.")
      fields.field(
        "metric_for_best_model", &metricForBestModel, .choice, needs: "data.dev", unless: "average_last_evals",
        "Metric on the dev data that chooses the best weights.")
      fields.optional(
        "early_stopping_patience", &earlyStoppingPatience, .int(1...), needs: "data.dev",
        "Evaluations without a new best after which training stops; else never.")
      // Averaging the last weights replaces the choice of the best.
      fields.exclusive("average_last_evals", "metric_for_best_model")
      fields.exclusive("average_last_evals", "early_stopping_patience")
    }

    private mutating func declareLoggingAndSnapshots(_ fields: Fields) {
      fields.optional(
        "max_loss_spike", &maxLossSpike, .number(above: 1),
        "Stop the run when losses exceed this factor times the median of previous losses; else never.")
      fields.field("logging_steps", &loggingSteps, .int(1...), "Steps between log lines.")
      fields.optional(
        "save_steps", &saveSteps, .int(1...), "Steps between snapshots, from which --resume continues.")
      fields.field(
        "save_minutes", &saveMinutes, .orNull(.number(above: 0)),
        "Minutes between snapshots; null: no snapshots by time.")
      fields.field("save_total_limit", &saveTotalLimit, .int(1...), "Number of newest snapshots to keep.")
    }

    private mutating func declareAverage(_ fields: Fields) {
      fields.optional(
        "ema_decay", &emaDecay, .number(0..<1),
        "Decay of an exponential moving average of the weights, which is evaluated and saved.")
      fields.optional(
        "average_last_evals", &averageLastEvals, .int(1...),
        "Save the mean of the weights at the last n evaluations or epochs.")
      fields.exclusive("ema_decay", "average_last_evals")
    }

    private mutating func declareDuration(_ fields: Fields) {
      var (epochs, steps): (Double?, Int?) =
        switch duration {
        case .epochs(let epochs): (epochs, nil)
        case .maxSteps(let steps): (nil, steps)
        }
      fields.optional("epochs", &epochs, .number(above: 0), "Passes over the training data; fractions are allowed.")
      fields.optional("max_steps", &steps, .int(1...), "Steps, instead of epochs.")
      fields.exclusive("epochs", "max_steps")
      duration = steps.map { .maxSteps($0) } ?? epochs.map { .epochs($0) } ?? duration
    }

    private mutating func declareBatchSize(_ fields: Fields) {
      var (examples, tokens): (Int?, Int?) =
        switch batchSize {
        case .examples(let count): (count, nil)
        case .tokens(let count): (nil, count)
        }
      fields.optional("batch_size", &examples, .int(1...), "Examples per batch.")
      fields.optional("max_tokens_per_batch", &tokens, .int(1...), "Tokens per batch, instead of batch_size.")
      fields.exclusive("batch_size", "max_tokens_per_batch")
      batchSize = tokens.map { .tokens($0) } ?? examples.map { .examples($0) } ?? batchSize
    }
  }
}
