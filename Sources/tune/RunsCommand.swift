/// `tune runs` and `tune compare`: list, filter, sort and compare runs.
import ArgumentParser
import Files
import Reporting
import Runs

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List the runs in a folder and its subfolders, with settings and metrics.",
    discussion: """
      A KEY is the key path of a setting, a value in result.json, or the end of either if it is unambiguous: method, \
      rank, f1 (test, else dev), dev.loss, test.per_type.Disease.f1, seconds, memory, parameters, best, status, \
      started. The list comes from the index .tune-runs.sqlite in that folder, which is rebuilt from the runs' folders \
      if it is missing, damaged or outdated.
      """)

  @Argument(help: "The folder.")
  var folder = "runs"
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only runs that match this condition. May be repeated. Operators: = != > < >= <=",
      valueName: "KEY=VALUE and …"))
  var conditions: [String] = []
  @Option(help: ArgumentHelp("Sort by KEY, best first; text alphabetically. Default: newest first.", valueName: "KEY"))
  var sort: String?
  @Option(
    defaultAsFlag: "best",
    help: ArgumentHelp("Only the best run by KEY. Default: by the recipe's metric_for_best_model.", valueName: "KEY"))
  var best: String?
  @Flag(help: "Read all runs' folders instead of the index.")
  var rescan = false
  @Flag(help: "Print a JSON list with all settings and results of each run.")
  var json = false

  func validate() throws {
    if best != nil, sort != nil { throw ValidationError("--best and --sort exclude each other.") }
  }

  func run() throws {
    guard fileExists(folder) else { throw FileFault.missing(path: folder) }
    let all = findRuns(under: folder, rescan: rescan, note: note)
    let filter = try RunFilter(conditions, in: all)
    var runs = all.filter(filter.matches).sorted { ($0.started, $0.path) > ($1.started, $1.path) }
    let order = try (best ?? sort).map { try RunKey($0, in: all) }
    if let order {
      if best == "best" { try checkOneMetric(runs) }
      runs = order.bestFirst(runs)
    }
    if best != nil { runs = runs.prefix(1).filter { order?.value(of: $0) != nil } }
    if json { return try emit(.array(runs.map(\.json)), pretty: true) }
    try printTable(runs, requested: filter.keys + (order.map { [$0] } ?? []), all)
    if runs.isEmpty { note(all.isEmpty ? "\(folder): no runs" : "none of \(all.count) runs match") }
  }

  private func checkOneMetric(_ runs: [RunRecord]) throws {
    let metrics = Set(runs.compactMap { $0.values["best.metric"]?.string }).sorted()
    if metrics.count > 1 {
      throw ValidationError(
        "The best models of these runs were chosen by different metrics (\(metrics.joined(separator: ", "))). "
          + "Name one, as in --best f1.")
    }
  }

  /// Prints the default columns that some run has a value for, then the requested keys.
  private func printTable(_ runs: [RunRecord], requested: [RunKey], _ all: [RunRecord]) throws {
    if runs.isEmpty { return }
    let defaults = ["run", "status", "started", "method", "base", "seed", "parameters", "f1", "accuracy", "seconds"]
    var keys = defaults.compactMap { name in try? RunKey(name, in: all) }.filter { key in
      runs.contains { key.value(of: $0) != nil }
    }
    for key in requested where !keys.contains(where: { $0.name == key.name }) { keys.append(key) }
    let rows = runs.map { run in keys.map { cellText($0.value(of: run)) } }
    for line in textTable(keys.map(\.name), rows) { try emit(line) }
    for run in runs { if let why = run.why { note("\(run.path) failed: \(why)") } }
  }
}

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Compare the settings that differ between runs, and their results.")

  @Argument(help: "The folders of at least two runs.")
  var folders: [String]
  @Flag(help: "Print the result as JSON.")
  var json = false

  func validate() throws {
    if folders.count < 2 { throw ValidationError("Expected at least two runs.") }
  }

  func run() throws {
    let comparison = RunComparison(try folders.map { try RunRecord(folder: $0) })
    if json { return try emit(comparison.json, pretty: true) }
    let header = [""] + folders
    // The support counts are properties of the data.
    let figures = comparison.results.filter { $0.isOfOneType ? $0.key.hasSuffix(".f1") : !$0.key.hasSuffix("support") }
    let (settings, rest) = (rows(comparison.settings), rows(figures))
    let lines = textTable(header, settings + rest)
    try emit(lines[0])
    if settings.isEmpty { note("the recipes are the same") }
    for line in lines[1...].prefix(settings.count) { try emit(line) }
    if !settings.isEmpty { try emit("") }
    for line in lines.dropFirst(1 + settings.count) { try emit(line) }
  }

  private func rows(_ rows: [RunComparison.Row]) -> [[String]] { rows.map { [$0.key] + $0.values.map(cellText) } }
}

extension RunRecord {
  fileprivate var json: JSON {
    .object(values.merging(why.map { ["why": .string($0)] } ?? [:]) { fact, _ in fact })
  }
}

/// A value as a table shows it: short numbers unchanged, others with four decimals, or none if they are 1000 or more.
private func cellText(_ value: JSON?) -> String {
  switch value {
  case nil: "–"
  case .double(let number):
    if let whole = Int(exactly: number) {
      "\(whole)"
    } else if "\(number)".count <= 6 || abs(number) < 0.001 {
      "\(number)"
    } else {
      fixed(number, abs(number) < 1000 ? 4 : 0)
    }
  case .some(let other): other.string ?? other.text(pretty: false)
  }
}
