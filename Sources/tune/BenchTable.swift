/// Prints the results of a benchmark as a table for each base and task.
import Files
import Recipes
import Reporting
import Runs
import Tasks

struct BenchTable {
  let results: BenchResults

  func print() throws {
    for comparison in results.comparisons {
      try emit("\(comparison.base), \(comparison.task)")
      let header = [
        "method", "parameters", "\(comparison.rows[0].metric.name)", "interval", "seeds", "chosen", "seconds", "",
      ]
      let rows = comparison.rows.indices.map { cells(comparison.rows[$0]) + [comparison.remark($0)] }
      for line in textTable(header, rows) { try emit(line) }
      try emit((comparison.conclusion ?? "") + "\n")
    }
  }

  private func cells(_ row: BenchResults.Row) -> [String] {
    let interval = row.resampled.map {
      "[\(fixed($0.interval.lowerBound, 3)), \(fixed($0.interval.upperBound, 3))]"
    }
    let seconds = row.cost("train_seconds").map { fixed($0, 1) }
    return [
      row.row.method, row.trainable.map(String.init) ?? "–", row.scoreText, interval ?? "–", "\(row.runs.count)",
      row.settingsText, seconds ?? "–",
    ]
  }
}
