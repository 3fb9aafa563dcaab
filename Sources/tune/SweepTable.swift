/// Prints a sweep's configurations as a table, with mean ± standard deviation over seeds.
import Files
import Reporting
import Runs
import Tasks

struct SweepTable {
  private let summary: GridSummary

  init(_ summary: GridSummary) { self.summary = summary }

  func print() throws {
    let metrics = Set(summary.configurations.compactMap(\.metric?.name))
    let dev = metrics.count == 1 ? "dev \(metrics.first ?? "")" : "dev"
    let tests = summary.metrics.filter(\.isHeadline).map(\.name).filter { name in
      summary.configurations.contains { $0.test[name] != nil }
    }
    let headings = summary.settingColumns + ["runs", dev] + tests.map { "test \($0)" } + ["parameters", "seconds", ""]
    var rows: [[String]] = []
    for configuration in summary.configurations {
      let cost = [
        configuration.trainable.map { "\($0)" } ?? "–", configuration.seconds.map { fixed($0.mean, 1) } ?? "–",
      ]
      rows.append(
        summary.settings(of: configuration) + [runs(configuration), text(configuration.dev)]
          + tests.map { text(configuration.test[$0]) } + cost
          + [remark(configuration)])
    }
    for line in textTable(headings, rows) { try emit(line) }
  }

  private func remark(_ configuration: GridSummary.Configuration) -> String {
    configuration.selection?.text ?? (configuration.finished == 0 && configuration.failed > 0 ? "failed" : "")
  }

  /// `2, 1 failed, 1 pending`.
  private func runs(_ configuration: GridSummary.Configuration) -> String {
    let unfinished = [(configuration.failed, "failed"), (configuration.pending, "pending")].filter { $0.0 > 0 }
    return (["\(configuration.finished)"] + unfinished.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
  }

  private func text(_ score: GridSummary.Score?) -> String {
    guard let score else { return "–" }
    return fixed(score.mean, 4) + (score.deviation.map { " ± \(fixed($0, 4))" } ?? "")
  }
}
