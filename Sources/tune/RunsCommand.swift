import ArgumentParser
import Files
import Reporting
import Runs

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List the runs in a folder and below, with their settings and scores.",
    discussion: """
      A KEY is a setting's path, or a figure of result.json, or its end where that is clear: method, rank, f1 (of test, \
      else of dev), dev.loss, test.per_type.Disease.f1, seconds, memory, parameters, best, status, started. \
      The list comes from .tune-runs.sqlite in that folder, which is made anew from the runs' folders whenever it is \
      missing, damaged or out of date.
      """)

  @Argument(help: "The folder.")
  var folder = "runs"
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only runs for which this holds; may be given several times. Signs: = != > < >= <=",
      valueName: "KEY=VALUE and …"))
  var conditions: [String] = []
  @Option(help: ArgumentHelp("The best by KEY first; texts in their order. Else the newest first.", valueName: "KEY"))
  var sort: String?
  @Option(
    defaultAsFlag: "best",
    help: ArgumentHelp("Only the best run by KEY; without KEY by what its recipe calls best.", valueName: "KEY"))
  var best: String?
  @Flag(help: "Read every run's folder again.")
  var rescan = false
  @Flag(help: "Print a JSON list with everything that is known of each run.")
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
    try table(runs, asked: filter.keys + (order.map { [$0] } ?? []), all)
    if runs.isEmpty { note(all.isEmpty ? "\(folder): no runs" : "none of \(all.count) runs") }
  }

  private func checkOneMetric(_ runs: [RunRecord]) throws {
    let metrics = Set(runs.compactMap { $0.values["best.metric"]?.string }).sorted()
    if metrics.count > 1 {
      throw ValidationError("These runs are best at \(metrics.joined(separator: ", ")): say which, as in --best f1.")
    }
  }

  /// The usual columns that some run has, and those that were asked for.
  private func table(_ runs: [RunRecord], asked: [RunKey], _ all: [RunRecord]) throws {
    if runs.isEmpty { return }
    let usual = ["run", "status", "started", "method", "base", "seed", "parameters", "f1", "accuracy", "seconds"]
    var keys = usual.compactMap { name in try? RunKey(name, in: all) }.filter { key in
      runs.contains { key.value(of: $0) != nil }
    }
    for key in asked where !keys.contains(where: { $0.name == key.name }) { keys.append(key) }
    let rows = runs.map { run in keys.map { cell($0.value(of: run)) } }
    for line in textTable(keys.map(\.name), rows) { try emit(line) }
    for run in runs { if let why = run.why { note("\(run.path) failed: \(why)") } }
  }
}

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Show side by side where runs differ and what came out of them.")

  @Argument(help: "The folders of two runs or more.")
  var folders: [String]
  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if folders.count < 2 { throw ValidationError("name two runs at least.") }
  }

  func run() throws {
    let comparison = RunComparison(try folders.map { try RunRecord(folder: $0) })
    if json { return try emit(comparison.json, pretty: true) }
    let header = [""] + folders
    // Supports are the data's, not the runs'.
    let figures = comparison.figures.filter { $0.isOfOneType ? $0.key.hasSuffix(".f1") : !$0.key.hasSuffix("support") }
    let (settings, rest) = (rows(comparison.settings), rows(figures))
    let lines = textTable(header, settings + rest)
    try emit(lines[0])
    if settings.isEmpty { note("their recipes are the same") }
    for line in lines[1...].prefix(settings.count) { try emit(line) }
    if !settings.isEmpty { try emit("") }
    for line in lines.dropFirst(1 + settings.count) { try emit(line) }
  }

  private func rows(_ rows: [RunComparison.Row]) -> [[String]] { rows.map { [$0.key] + $0.values.map(cell) } }
}

extension RunRecord {
  fileprivate var json: JSON {
    .object(values.merging(why.map { ["why": .string($0)] } ?? [:]) { fact, _ in fact })
  }
}

/// A value as a table has it: short ones as they are, others with four decimals, or none where they are large.
private func cell(_ value: JSON?) -> String {
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
