/// The results of a benchmark as files.
package import Files
import Pages
import Recipes
import Tasks

extension BenchResults {
  package static let resultsFile = "results.json", pageFile = "bench.html"

  /// Writes both files into the benchmark's folder.
  package func save() throws {
    try writeFile(withoutPaths(json).text() + "\n", to: "\(output)/\(Self.resultsFile)")
    try writeFile(page.html, to: "\(output)/\(Self.pageFile)")
  }

  /// The same for any number of interruptions and processes, except `costs`.
  package var json: JSON {
    [
      "about": about.map(JSON.string) ?? .null,
      "rows": .array(rows.map(\.json)),
      "comparisons": .array(comparisons.filter { $0.rows.count > 1 }.map(\.json)),
      "cross_evaluation": .array(crossScores.map(\.json)),
      "rule": .string(Self.rule),
    ]
  }

  /// How intervals and p-values come about.
  static var rule: String {
    """
    The interval of a mean is that of \(bootstrap.resamples) resamples (expanded percentiles, 95 %), for which both the test data's \
    documents, or else its examples, and the seeds are drawn with replacement. Rows are compared on the same resamples of the \
    test data, 80 for each pair of rows and \(bootstrap.resamples) at least. p is two-sided, and adjusted for all pairs of a base and a task by Holm's method. Settings are chosen by the \
    score on dev with the first seed; test scores choose nothing.
    """
  }
}

extension BenchResults.Row {
  package var json: JSON {
    func score(_ score: GridSummary.Score?) -> JSON { score?.json ?? .null }
    let metrics = row.candidates[0][0].recipe.metrics.map(\.name)
    let costs = ["train_seconds", "tokens_per_second", "peak_memory_bytes", "latency_ms"]
    return [
      "base": .string(row.base), "task": .string(row.task), "method": .string(row.method),
      "status": .string(status), "metric": .string(metric.name), "split": .string(split.rawValue),
      "searched": .array(
        searched.map { ["settings": .object($0.settings), "dev": $0.dev.map(JSON.double) ?? .null] }),
      "settings": chosen.map { .object(searched[$0].settings) } ?? .null,
      "trainable_parameters": trainable.map(JSON.int) ?? .null, "total_parameters": total.map(JSON.int) ?? .null,
      "bytes": bytes.map(JSON.int) ?? .null,
      "scores": .object(
        Dictionary(metrics.compactMap { name in self.score(name).map { (name, $0.json) } }) { first, _ in first }),
      "interval": resampled.map { [.double($0.interval.lowerBound), .double($0.interval.upperBound)] } ?? .null,
      "runs": .array(
        runs.map { run in
          [
            "name": .string(run.cell.name),
            "settings": .object(run.cell.settings.filter { !Bench.Row.keys.contains($0.key) }),
            "scores": .object(
              Dictionary(["dev", "test"].map { ($0, headline(run.result["metrics"]?[$0])) }) { first, _ in first }),
            "costs": .object(Dictionary(costs.compactMap { key in run.result[key].map { (key, $0) } }) { $1 }),
          ]
        }),
      "failures": .array((failures + failedSearches).map(JSON.string)),
      "costs": .object(Dictionary(costs.compactMap { key in cost(key).map { (key, .double($0)) } }) { $1 }),
    ]
  }

  /// The values of the metrics among all that an evaluation has.
  private func headline(_ metrics: JSON?) -> JSON {
    let names = Set(row.candidates[0][0].recipe.metrics.map(\.name))
    return metrics?.object.map { .object($0.filter { names.contains($0.key) }) } ?? .null
  }

  /// "completed", "pending" or "failed".
  package var status: String { pending > 0 ? "pending" : runs.isEmpty || !failures.isEmpty ? "failed" : "completed" }
}

extension BenchResults.Comparison {
  var json: JSON {
    [
      "base": .string(base), "task": .string(task), "best": best.map { .string(rows[$0].row.method) } ?? .null,
      "frontier": .array(frontier.map { .string(rows[$0].row.method) }),
      "pairs": .array(
        pairs.map { pair in
          .object(
            (pair.difference.json.object ?? [:]).merging([
              "first": .string(rows[pair.first].row.method), "second": .string(rows[pair.second].row.method),
              "adjusted_p": .double(pair.adjustedP),
            ]) { $1 })
        }),
      "untested": .array(
        untested.map {
          [
            "first": .string(rows[$0.first].row.method), "second": .string(rows[$0.second].row.method),
            "why": .string($0.why),
          ]
        }),
    ]
  }
}
