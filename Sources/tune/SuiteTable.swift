/// Prints the results of a suite: a line for each set, the means of the task types, and the suite's score.
import Files
import Recipes
import Reporting
import Runs
import Tasks

struct SuiteTable {
  let results: SuiteResults

  private var suite: Suite { results.suite.suite }

  func print() throws {
    try emit(results.about)
    let header = ["set", "task type", "metric", "score × 100", "interval", "seeds", "chosen", ""]
    for line in textTable(header, zip(suite.sets, results.suite.states).map(cells)) { try emit(line) }
    try emit("")
    let types = results.score.types.map { type in
      [
        type.name, type.mean.map(percent) ?? "–",
        type.count == type.complete ? "" : "\(type.complete) of \(type.count) sets",
      ]
    }
    for line in textTable(["task type", "mean × 100", ""], types) { try emit(line) }
    try emit("\n" + conclusion)
  }

  private var conclusion: String {
    let score = results.score, reservation = results.reservation.map { " (\($0))" } ?? ""
    guard let value = score.value else {
      return "partial: \(score.complete) of \(score.count) sets, so there is no \(suite.name) score\(reservation)"
    }
    if results.isQuick { return "mean \(percent(value))\(reservation)" }
    return "\(suite.name) score \(percent(value))\(reservation)"
  }

  private func cells(_ set: SuiteSet, _ state: PreparedSuite.State) -> [String] {
    let start = [set.name, set.type, set.metric]
    switch state {
    case .missing: return start + ["–", "–", "–", "", "missing"]
    case .refused: return start + ["–", "–", "–", "", "refused"]
    case .found:
      guard let row = results.rows[set.name] else { return start + ["–", "–", "–", "", "left out"] }
      let score = row.score.map { percent($0.mean) + ($0.deviation.map { " ± " + percent($0) } ?? "") }
      let interval = row.resampled.map { "[\(percent($0.interval.lowerBound)), \(percent($0.interval.upperBound))]" }
      return start + [
        score ?? "–", interval ?? "–", "\(row.runs.count)", row.settingsText,
        row.status == "completed" ? "" : row.status,
      ]
    }
  }

  private func percent(_ value: Double) -> String { fixed(100 * value, 2) }
}

extension PreparedSuite {
  /// What a user should know of the sets that differ from the suite's table, are missing, or are refused.
  var notes: [String] {
    zip(suite.sets, states).flatMap { set, state -> [String] in
      switch state {
      case .found(let found):
        (found.difference.map { ["\(set.name) in \(found.folder): \($0)"] } ?? [])
          + found.refused.map { "\(set.name) was read from \(found.folder), because another folder is refused: \($0)" }
      case .missing(let names):
        ["\(set.name) is missing: no folder \(names.joined(separator: " or ")) in \(roots.joined(separator: ", "))"]
      case .refused(let why): ["\(set.name) is refused: \(why)"]
      }
    }
  }
}
