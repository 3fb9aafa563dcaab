/// The recipe's section "training": the trainer's settings, evaluation, logging and snapshots. Does not train.
import Files
import Tasks
package import Training

extension Recipe {
  /// How the model is trained and evaluated.
  package struct Training: Sendable, Equatable {
    /// Without the seed, which is `Recipe.seed`. The default of `learningRate` is the method's
    /// `defaultLearningRate`, that of `metricForBestModel` the first of the task's metrics.
    package var settings = TrainingSettings()
    /// Whether the encoder's layers are recomputed in the backward pass instead of saving their activations.
    package var gradientCheckpointing = false
    package var caching = Caching()
    package var loggingSteps = 10
    /// Steps between snapshots; nil: by time only. An adapter's run also saves one at every evaluation, and every run
    /// saves one when it is interrupted.
    package var saveSteps: Int?
    /// Minutes between snapshots; nil: by steps only.
    package var saveMinutes: Double? = 10
    /// The number of newest snapshots to keep.
    package var saveTotalLimit = 2
    package var onSIGUSR1 = SignalAction.stop

    /// What a signal does after the current step: it saves a snapshot, and then the run stops or continues.
    package enum SignalAction: String, CaseIterable, Sendable { case stop, save }

    mutating func declare(_ fields: Fields) {
      settings.declareBatches(fields)
      fields.field(
        "gradient_checkpointing", &gradientCheckpointing, .bool,
        "Recompute activations in the backward pass: less memory, more time.")
      caching.declare(fields)
      settings.declareOptimization(fields)
      declareEvaluation(fields)
      declareLoggingAndSnapshots(fields)
    }

    private mutating func declareEvaluation(_ fields: Fields) {
      fields.optional(
        "eval_steps", &settings.evalSteps, .int(1...), needs: "data.dev",
        "Steps between evaluations; else once per epoch.")
      fields.field(
        "eval_on_start", &settings.evalOnStart, .bool, needs: "data.dev",
        "Also evaluate before the first step; this does not choose the best weights.")
      fields.field(
        "metric_for_best_model", &settings.metricForBestModel, .metric(among: TaskType.allMetrics + [.average]),
        needs: "data.dev", unless: "average_last_evals",
        "Metric on the dev data that chooses the best weights.")
      fields.optional(
        "early_stopping_patience", &settings.earlyStoppingPatience, .int(1...), needs: "data.dev",
        "Evaluations without a new best after which training stops; else never.")
      // Averaging the last weights replaces the choice of the best.
      fields.exclusive("average_last_evals", "metric_for_best_model")
      fields.exclusive("average_last_evals", "early_stopping_patience")
    }

    private mutating func declareLoggingAndSnapshots(_ fields: Fields) {
      fields.optional(
        "max_loss_spike", &settings.maxLossSpike, .number(above: 1),
        "Stop the run when losses exceed this factor times the median of previous losses; else never.")
      fields.field("logging_steps", &loggingSteps, .int(1...), "Steps between log lines.")
      fields.optional(
        "save_steps", &saveSteps, .int(1...), "Steps between snapshots, from which --resume continues.")
      fields.field(
        "save_minutes", &saveMinutes, .orNull(.number(above: 0)),
        "Minutes between snapshots; null: no snapshots by time.")
      fields.field("save_total_limit", &saveTotalLimit, .int(1...), "Number of newest snapshots to keep.")
      fields.field(
        "on_sigusr1", &onSIGUSR1, .choice,
        "What the signal SIGUSR1 does after the current step: save a snapshot and stop, or save and continue.")
    }
  }
}

extension FieldType<Metric> {
  /// The name of one of `metrics`.
  static func metric(among metrics: [Metric]) -> Self {
    let names = metrics.map(\.name)
    let expected = oneOf(names.map { "\"\($0)\"" })
    return Self(
      expected, schema: Schema.names(names),
      read: { json, location in
        if let metric = metrics.first(where: { $0.name == json.string }) { return metric }
        let near = json.string.flatMap { $0.utf8.count <= 64 ? nearest(to: $0, among: names) : nil }
        location.wrong(json, expected: expected, advice: near.map { "Did you mean '\($0)'?" })
        return nil
      }, write: { .string($0.name) })
  }
}
