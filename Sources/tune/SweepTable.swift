/// A sweep's configurations as a table for people: mean ± standard deviation over seeds.
import Files
import Recipes
import Reporting

struct SweepTable {
  private let summary: SweepSummary

  init(_ summary: SweepSummary) { self.summary = summary }

  func print() throws {
    let metrics = Set(summary.configurations.compactMap(\.metric))
    let dev = metrics.count == 1 ? "dev \(metrics.first ?? "")" : "dev"
    // A loss says little beside what it stands for.
    let tests = SweepSummary.metrics.filter { name in
      name != "loss" && summary.configurations.contains { $0.test[name] != nil }
    }
    let headings = summary.axes + ["runs", dev] + tests.map { "test \($0)" } + ["parameters", "seconds", ""]
    var rows: [[String]] = []
    for one in summary.configurations {
      let settings = summary.axes.map { axis in
        one.settings[axis].map { $0.string ?? $0.text(pretty: false) } ?? ""
      }
      let end = [one.trainable.map { "\($0)" } ?? "–", one.seconds.map { fixed($0.mean, 1) } ?? "–"]
      rows.append(
        settings + [runs(one), shown(one.dev)] + tests.map { shown(one.test[$0]) } + end
          + [one.isBest ? "best" : one.finished == 0 && one.failed > 0 ? "failed" : ""])
    }
    for line in textTable(headings, rows) { try emit(line) }
  }

  private func runs(_ one: SweepSummary.Configuration) -> String {
    let others = [(one.failed, "failed"), (one.pending, "open")].filter { $0.0 > 0 }
    return (["\(one.finished)"] + others.map { "\($0.0) \($0.1)" }).joined(separator: ", ")
  }

  private func shown(_ score: SweepSummary.Score?) -> String {
    guard let score else { return "–" }
    return fixed(score.mean, 4) + (score.deviation.map { " ± \(fixed($0, 4))" } ?? "")
  }
}
