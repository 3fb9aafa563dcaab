/// The recipe's section "logging": additional formats of the log, and the report. They do not affect the computation.
extension Recipe {
  package struct Logging: Sendable, Equatable {
    /// Whether the log is also written as a TensorBoard event file.
    package var tensorboard = false
    /// Whether the log is also written as metrics.csv.
    package var csv = false
    /// Whether the time of a prediction is measured at the end; nil: in a benchmark.
    package var latency: Bool?
    /// Whether a run ends with its report, report.html.
    package var report = true

    mutating func declare(_ fields: Fields) {
      fields.field("tensorboard", &tensorboard, .bool, "Also write the log as a TensorBoard event file.")
      fields.field("csv", &csv, .bool, "Also write the log as a table, metrics.csv.")
      fields.optional(
        "latency", &latency, .bool,
        "Measure the time of a prediction for one record when the run ends; else in a benchmark.")
      fields.field("report", &report, .bool, "Write report.html when the run ends.")
    }
  }
}
