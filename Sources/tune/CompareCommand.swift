/// `tune compare`: the settings that differ between runs, and their results.
import ArgumentParser
import Files
import Reporting
import Runs
import Tasks

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Compare the settings that differ between runs, and their results.",
    discussion: """
      Of two runs the saved predictions on the test data are also tested: whether their scores differ significantly. The test \
      data must be the same.
      """)

  @Argument(
    help:
      "The folders of at least two runs. A folder of runs, such as that of a sweep or a benchmark, stands for all of them.",
    completion: .directory)
  var folders: [String]
  @Flag(help: "Print the result as JSON.")
  var json = false
  @OptionGroup var bootstrap: BootstrapOptions

  func run() throws {
    let runs = try folders.flatMap(runFolders)
    if runs.count < 2 {
      throw ValidationError("Expected at least two runs, or a folder of runs; found \(runs.count) run.")
    }
    let comparison = RunComparison(try runs.map { try RunRecord(folder: $0) })
    let significance = runs.count == 2 ? try significance(runs[0], runs[1]) : nil
    if json {
      var members = comparison.json.object ?? [:]
      members["test"] = significance?.json
      return try emit(.object(members), pretty: true)
    }
    // The support counts are properties of the data.
    let figures = comparison.results.filter { $0.isOfOneType ? $0.key.hasSuffix(".f1") : !$0.key.hasSuffix("support") }
    let (settings, rest) = (rows(comparison.settings), rows(figures))
    let lines = textTable([""] + headings(runs), settings + rest)
    try emit(lines[0])
    if settings.isEmpty { note("the recipes are the same") }
    for line in lines[1...].prefix(settings.count) { try emit(line) }
    if !settings.isEmpty { try emit("") }
    for line in lines.dropFirst(1 + settings.count) { try emit(line) }
    if let significance { try show(significance) }
  }

  /// nil: a run has no saved predictions on test data.
  private func significance(_ a: String, _ b: String) throws -> Significance? {
    guard let first = try SavedPredictions(run: a, .test), let second = try SavedPredictions(run: b, .test) else {
      return nil
    }
    return try Significance(first, second, bootstrap.test)
  }

  private func show(_ significance: Significance) throws {
    if let refusal = significance.refusal { return note("not tested: \(refusal)") }
    let rows = significance.rows(.test)
    if rows.isEmpty { return }
    try emit("")
    for line in textTable(Significance.header, rows) { try emit(line) }
    note(significance.rule)
  }

  /// The runs' folders, without the one folder that has all of them if it is given.
  private func headings(_ runs: [String]) -> [String] {
    if folders.count > 1 || folders == ["."] { return runs }
    return runs.map { String($0.dropFirst(folders[0].count + (folders[0].hasSuffix("/") ? 0 : 1))) }
  }

  private func rows(_ rows: [RunComparison.Row]) -> [[String]] { rows.map { [$0.key] + $0.values.map(cellText) } }
}
