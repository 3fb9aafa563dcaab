/// `tune runs`: list, filter and sort runs.
import ArgumentParser
import Files
import Reporting
import Runs

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "List the runs in a folder and its subfolders, with settings and metrics.",
    discussion: """
      A KEY is the key path of a setting, a value in result.json, or the end of either if it is unambiguous: method, \
      rank, dev.loss, dev.per_type.Disease.f1, seconds, memory, parameters, best, status, started. A score without its \
      split (f1) is the score on dev; test.f1 is the one on test. The list comes from the index .tune-runs.sqlite in that \
      folder, which is rebuilt from the runs' folders if it is missing, damaged or outdated.
      """)

  @Argument(help: "The folder.", completion: .directory)
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
    let requested = filter.keys + (order.map { [$0] } ?? [])
    for key in requested { noteRunsWithoutDev(all, key) }
    if json { return try emit(.array(runs.map(\.json)), pretty: true) }
    try printTable(runs, requested: requested, all)
    if runs.isEmpty { note(all.isEmpty ? "\(folder): no runs" : "none of \(all.count) runs match") }
  }

  private func noteRunsWithoutDev(_ runs: [RunRecord], _ key: RunKey) {
    let count = runs.count(where: key.lacksDevScore)
    if count == 0 { return }
    note(
      "note: \(count) of \(runs.count) runs are not selected by '\(key.name)', because no evaluation on dev gave them a value"
    )
  }

  private func checkOneMetric(_ runs: [RunRecord]) throws {
    let metrics = Set(runs.compactMap { $0.values["best.metric"]?.string }).sorted()
    if metrics.count > 1 {
      throw ValidationError(
        "The best models of these runs were chosen by different metrics (\(metrics.joined(separator: ", "))). "
          + "Name one, as in --best f1.")
    }
  }

  /// Prints the default columns that some run has a value for, with rank and alpha if one of them differs; then the
  /// requested keys.
  private func printTable(_ runs: [RunRecord], requested: [RunKey], _ all: [RunRecord]) throws {
    if runs.isEmpty { return }
    func known(_ names: [String]) -> [RunKey] { names.compactMap { try? RunKey($0, in: all) } }
    let scaling = known(["rank", "alpha"])
    let differs = scaling.contains { key in Set(runs.compactMap { key.value(of: $0)?.number }).count > 1 }
    let defaults =
      known(["run", "status", "started", "method"]) + (differs ? scaling : [])
      + known(["base", "seed", "parameters", "dev.f1", "test.f1", "dev.accuracy", "test.accuracy", "seconds"])
    var keys = defaults.filter { key in runs.contains { key.value(of: $0) != nil } }
    for key in requested where !keys.contains(where: { $0.name == key.name }) { keys.append(key) }
    let rows = runs.map { run in keys.map { cellText($0.value(of: run)) } }
    for line in textTable(keys.map(\.name), rows) { try emit(line) }
    for run in runs { if let why = run.why { note("\(run.path) failed: \(why)") } }
  }
}

extension RunRecord {
  fileprivate var json: JSON {
    .object(values.merging(why.map { ["why": .string($0)] } ?? [:]) { fact, _ in fact })
  }
}

/// A value as a table shows it: short numbers unchanged, others with four decimals, or none if they are 1000 or more.
func cellText(_ value: JSON?) -> String {
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
