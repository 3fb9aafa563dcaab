/// `tune eval`: the metrics of a model, or of a base with an adapter, on a file.
import ArgumentParser
import Datasets
import Encoders
import Files
import Kernels
import Recipes
import Reporting
import Serving
import Tasks
import Training

struct EvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Evaluate a model, or a base model with an adapter, on a file.",
    discussion: """
      The metrics are those of a run's dev and test splits. The file is read as the run read its own: format, columns, \
      tag scheme, window and precision are in tune.json, and the options overrule them. Without tune.json a token \
      classifier expects CoNLL (word first, label last), a sequence classifier .jsonl, .tsv or .csv with the columns \
      "text" and "label", and a masked language model text.
      """)

  @Argument(
    help: "The base model's folder or name on the Hub, or a run's folder: its model, or its base with its adapter.",
    completion: .directory)
  var model: String
  @OptionGroup var adapterOptions: AdapterOptions
  @Argument(help: "The file with labeled records, or with text; it may be gzipped.", completion: .file())
  var file: String
  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "A key of a recipe's section \"data\", such as label_column=3, format=tsv or max_length=64. May be repeated.",
      valueName: "key=value"))
  var dataSettings: [String] = []
  @Option(
    help: ArgumentHelp(
      "Tokens per window or block, special tokens included; default: the run's, by tune.json, else the model's limit. "
        + "Perplexities are comparable at the same length only.", valueName: "tokens"))
  var maxLength: Int?
  @Flag(help: "Print all metrics as JSON.")
  var json = false
  @Flag(help: "Also print a 95 % bootstrap interval of every metric.")
  var intervals = false
  @OptionGroup var bootstrap: BootstrapOptions
  @OptionGroup var precision: PrecisionOption
  @OptionGroup var threads: ThreadOption

  func validate() throws {
    if maxLength != nil, dataSettings.contains(where: { $0.hasPrefix("max_length=") }) {
      throw ValidationError("--max-length and --data max_length exclude each other.")
    }
  }

  func run() throws {
    // The settings and the file first: checking them is faster than loading the model.
    let (model, adapter) = try adapterOptions.folders(of: model)
    let folder = adapter ?? model, precision = try precision.value(for: [folder])
    let found = try FolderTask(folder, base: model, ModelConfig(folder: model)), type = found.type
    let overrides = dataSettings + (maxLength.map { ["max_length=\($0)"] } ?? [])
    let evaluation = try FileEvaluation([file], of: found, overrides: overrides, threads: threads.count)
    if evaluation.data.stride != nil, !found.inference.readsWindows {
      throw ValidationError("--data stride: this model does not read long texts in windows.")
    }
    try threads.start(precision, quiet: json)
    /// The model with the base's weights in a precision.
    func load(_ precision: InferencePrecision) throws -> (Member, notes: [String]) {
      let pool = try AdapterPool(
        folder: model, adapters: adapter.map { [("adapter", $0)] } ?? [], withBase: adapter == nil,
        precision: precision, anyBase: adapterOptions.anyBase, threads: threads.count)
      return (pool.members[0], pool.notes)
    }
    let (member, poolNotes) = try load(precision)
    let (task, notes) = try evaluation.read(for: member)
    (poolNotes + notes).forEach { note("note: " + $0) }
    let exact = precision == .int8 ? try evaluation.evaluate(task, load(.fp32).0) : nil
    guard let result = try evaluation.evaluate(task, member) else { return }
    let change = exact.map { self.change(to: result, from: $0, of: type) }
    let bootstrap = bootstrap.value, intervals = self.intervals ? result.scored.map(bootstrap.json) : nil
    if self.intervals, intervals == nil { note("note: --intervals: this task has no records to resample") }
    if json {
      var members = result.json.object ?? [:]
      members["change_from_fp32"] = change.map { values in
        JSON.object(Dictionary(values.map { ($0.name, JSON.double($0.value)) }) { $1 })
      }
      members["agreement_with_fp32"] = exact.flatMap { agreement(of: result, with: $0) }.map(JSON.double)
      members["intervals"] = intervals.map { .object(($0.object ?? [:]).merging(bootstrap.json.object ?? [:]) { $1 }) }
      return try emit(.object(members), pretty: true)
    }
    let parts = (result.json["per_type"] ?? result.json["per_class"])?.object ?? [:]
    try emit(
      (parts.isEmpty ? "" : "all: ") + metricsLine(result.json, intervals, of: type) + count(result.json))
    for (name, score) in parts.sorted(by: { $0.key < $1.key }) {
      try emit("\(terminalText(name, keepingLines: false)): " + scoreLine(score) + count(score))
    }
    if let change, let exact {
      let agreement = agreement(of: result, with: exact).map { "  same token \(fixed(100 * $0, 2)) %" } ?? ""
      try emit(
        "int8 - fp32: "
          + change.map { "\($0.name) \($0.value < 0 ? "" : "+")\(fixed($0.value, 4))" }.joined(separator: "  ")
          + agreement)
    }
  }

  /// By how much the loss and the headline metrics differ.
  private func change(
    to evaluation: Evaluation, from other: Evaluation, of type: TaskType
  ) -> [(name: String, value: Double)] {
    let metrics = [Metric.loss] + type.inference.metrics.filter { $0.isHeadline && $0.name != Metric.loss.name }
    return metrics.compactMap { metric in
      evaluation.values[metric.name].flatMap { value in other.values[metric.name].map { (metric.name, value - $0) } }
    }
  }

  /// The fraction of the masked tokens for which both predict the same token; nil: another task.
  private func agreement(of evaluation: Evaluation, with other: Evaluation) -> Double? {
    let tokens = evaluation.tokens, equal = zip(tokens, other.tokens).count { $0 == $1 }
    return tokens.isEmpty ? nil : Double(equal) / Double(tokens.count)
  }

  private func count(_ score: JSON) -> String {
    for key in ["support", "masked_tokens"] {
      if let count = score[key]?.int { return "  \(key.replacing("_", with: " ")) \(count)" }
    }
    return ""
  }

  private func scoreLine(_ score: JSON) -> String {
    ["f1", "precision", "recall"].map { "\($0) \(fixed(score[$0]?.number ?? 0, 4))" }.joined(separator: "  ")
  }
}

/// "f1 0.8123 [0.79, 0.83]  precision 0.8000 […]  …": the task's headline metrics, with their intervals, and the window that
/// they depend on.
func metricsLine(_ metrics: JSON, _ intervals: JSON?, of task: TaskType) -> String {
  let values = task.inference.metrics.filter(\.isHeadline).compactMap { metric in
    (metrics[metric.name]?.number).map { value in
      let ends = intervals?[metric.name]?.array?.compactMap(\.number).map { fixed($0, 2) } ?? []
      return "\(metric.name) \(fixed(value, 4))" + (ends.isEmpty ? "" : " [\(ends.joined(separator: ", "))]")
    }
  }
  return (values + [evaluationWindow(metrics)].compactMap { $0 }).joined(separator: "  ")
}
