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
    public enum Batching: String, CaseIterable, Sendable {
      case shuffled
      case lengthGrouped = "length_grouped"
    }
    public enum Schedule: String, CaseIterable, Sendable { case linear, cosine, constant }
    public enum Warmup: Sendable, Equatable {
      /// A share of all updates.
      case ratio(Double)
      case steps(Int)
    }
    /// What the best checkpoint is best at, on the dev data.
    public enum Metric: String, CaseIterable, Sendable { case f1, precision, recall, accuracy, perplexity, loss }

    public var duration = Duration.epochs(3)
    public var batchSize = BatchSize.examples(32)
    public var batching = Batching.shuffled
    public var gradientAccumulationSteps = 1
    /// Computes the encoder's blocks again in backward instead of keeping what they made.
    public var recompute = false
    public var caching = Caching()
    /// 5e-5 for the method "full", 1e-3 for "lora", unless given.
    public var learningRate = 5e-5
    public var schedule = Schedule.linear
    public var warmup = Warmup.ratio(0)
    public var weightDecay = 0.01
    public var adamBeta1 = 0.9
    public var adamBeta2 = 0.999
    public var adamEpsilon = 1e-8
    /// Gradients beyond this norm are scaled down to it; nil for never.
    public var maxGradNorm: Double? = 1
    /// Updates between evaluations; nil for one at each epoch's end.
    public var evalEverySteps: Int?
    /// Without `data.dev` there is nothing to be best at, and this is not read. The task's own, unless given.
    public var metricForBest = Metric.f1
    /// Evaluations without a new best before training ends; nil for never.
    public var earlyStoppingPatience: Int?
    public var logEverySteps = 10
    /// Updates between snapshots; nil: an adapter's run has one at each evaluation, and every run when it is interrupted.
    public var snapshotEverySteps: Int?

    mutating func state(_ fields: Fields) {
      stateDuration(fields)
      stateBatchSize(fields)
      fields.field("batching", &batching, .choice, "Which examples share a batch: any, or those of like length.")
      fields.field(
        "gradient_accumulation_steps", &gradientAccumulationSteps, .int(1...),
        "Batches whose gradients make one update.")
      fields.field("recompute", &recompute, .bool, "Less memory for more time: blocks are computed again in backward.")
      caching.state(fields)
      fields.field(
        "learning_rate", &learningRate, .number(above: 0), "The peak; 5e-5 for the method \"full\", 1e-3 for \"lora\".")
      fields.field("schedule", &schedule, .choice, "How the learning rate falls after the warm-up.")
      stateWarmup(fields)
      fields.field("weight_decay", &weightDecay, .number(0...), "AdamW's decoupled decay of matrices.")
      fields.field("adam_beta1", &adamBeta1, .number(0..<1), "Decay of the gradient's running mean.")
      fields.field("adam_beta2", &adamBeta2, .number(0..<1), "Decay of the squared gradient's running mean.")
      fields.field("adam_epsilon", &adamEpsilon, .number(above: 0), "Added to the root of the squared mean.")
      fields.field(
        "max_grad_norm", &maxGradNorm, .orNull(.number(above: 0)),
        "Larger gradients are scaled down to it; null: never.")
      fields.optional(
        "eval_every_steps", &evalEverySteps, .int(1...), needs: "data.dev",
        "Updates between evaluations; else each epoch.")
      fields.field(
        "metric_for_best", &metricForBest, .choice, needs: "data.dev", "What the best checkpoint is best at, on dev.")
      fields.optional(
        "early_stopping_patience", &earlyStoppingPatience, .int(1...), needs: "data.dev",
        "Evaluations without a new best before training ends; else never.")
      fields.field("log_every_steps", &logEverySteps, .int(1...), "Updates between lines of the log.")
      fields.optional(
        "snapshot_every_steps", &snapshotEverySteps, .int(1...), "Updates between snapshots that --resume goes on from."
      )
    }

    private mutating func stateDuration(_ fields: Fields) {
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

    private mutating func stateBatchSize(_ fields: Fields) {
      var (examples, tokens): (Int?, Int?) =
        switch batchSize {
        case .examples(let count): (count, nil)
        case .tokens(let count): (nil, count)
        }
      fields.optional("batch_size", &examples, .int(1...), "Examples in a batch.")
      fields.optional("tokens_per_batch", &tokens, .int(1...), "Pieces in a batch, instead of batch_size.")
      fields.exclusive("batch_size", "tokens_per_batch")
      batchSize = tokens.map { .tokens($0) } ?? examples.map { .examples($0) } ?? batchSize
    }

    private mutating func stateWarmup(_ fields: Fields) {
      var (ratio, steps): (Double?, Int?) =
        switch warmup {
        case .ratio(let ratio): (ratio, nil)
        case .steps(let count): (nil, count)
        }
      fields.optional("warmup_ratio", &ratio, .number(0...1), "The share of updates in which the learning rate rises.")
      fields.optional("warmup_steps", &steps, .int(0...), "Updates in which it rises, instead of warmup_ratio.")
      fields.exclusive("warmup_ratio", "warmup_steps")
      warmup = steps.map { .steps($0) } ?? ratio.map { .ratio($0) } ?? warmup
    }
  }
}
