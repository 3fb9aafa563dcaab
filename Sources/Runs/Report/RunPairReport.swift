/// The report of two runs side by side: how their settings and scores differ, and on which examples.
import Datasets
import Files
package import Pages
package import Tasks

package struct RunPairReport {
  private let runs: [ReportedRun]
  private let names: [String]
  private let test: PairedTest
  /// The texts of each part of the first run; nil: they are not shown.
  private let texts: [any Dataset]?

  /// - Parameters:
  ///   - split: whose predictions; nil: test, or dev if the first run has none on test.
  ///   - showsText: whether examples that changed are shown with their texts, from the first run's data files.
  /// - Throws: `ReportFault`; `FileFault` for a damaged file of a run.
  package init(_ a: String, _ b: String, split: Split? = nil, showsText: Bool = false, test: PairedTest) throws {
    let first = try ReportedRun(a, split: split), second = try ReportedRun(b, split: split ?? first.split)
    if showsText, first.parts.isEmpty { throw ReportFault.noTexts(run: a) }
    (runs, self.test) = ([first, second], test)
    let short = [a, b].map(lastPathComponent)
    names = short[0] == short[1] ? [a, b] : short
    texts = showsText ? try first.parts.map(first.texts) : nil
  }

  package var page: Page {
    get throws {
      let pairs = runs[0].parts.enumerated().compactMap { number, first in
        runs[1].parts.first { $0.name == first.name }.map { (first, $0, texts?[number]) }
      }
      return Page(
        title: "\(names[0]) and \(names[1])",
        sections: [settings, curves].compactMap { $0 }
          + (try pairs.flatMap { try [scores($0, $1), labels($0, $1), changes($0, $1, $2)].compactMap { $0 } }))
    }
  }

  private var settings: PageSection {
    let comparison = RunComparison(runs.map(\.record))
    let keys = ["status", "steps", "trainable_parameters"]
    func cells(_ row: RunComparison.Row) -> [Table.Cell] {
      [.init(row.key)] + row.values.map { .init($0.map { $0.string ?? $0.text(pretty: false) } ?? "–") }
    }
    let costs = runs.map(\.costs)
    let results =
      comparison.results.filter { keys.contains($0.key) }.map(cells)
      + costs[0].map { name, _ in
        [.init(name)] + costs.map { costs in .init(costs.first { $0.name == name }?.value ?? "–") }
      }
    return PageSection(
      "Differences",
      (comparison.settings.isEmpty
        ? [.paragraph("The recipes are the same.")]
        : [.table(Table("settings", caption: "Settings", header: [""] + names, rows: comparison.settings.map(cells)))])
        + [.table(Table("costs", caption: "Costs", header: [""] + names, rows: results))])
  }

  /// The scores on dev of both runs.
  private var curves: PageSection? {
    guard let metric = runs[0].bestMetric else { return nil }
    let series = zip(names, runs).map { name, run in Plot.Series(name, run.devPoints(metric)) }
    if series.allSatisfy({ $0.points.count < 2 }) { return nil }
    let plot = Plot("dev-\(metric)", title: "\(metric) on dev", x: "step", y: metric, series)
    return PageSection("Learning curves", [.plot(plot)])
  }

  private func scores(_ first: ReportedPart, _ second: ReportedPart) throws -> PageSection {
    let split = runs[0].split ?? .test
    let rows = first.headline.map { metric in
      [Table.Cell("\(split.rawValue) \(metric.name)")]
        + zip(runs, [first, second]).map { run, part in
          .init(
            scoreText(
              run.metrics(part, split)?[metric.name]?.number ?? .nan, run.interval(metric.name, part, split)))
        }
    }
    var blocks: [Block] = [.table(Table(first.named("scores"), header: [""] + names, rows: rows))]
    let significance = try Significance(first.predictions, second.predictions, test)
    if let refusal = significance.refusal {
      blocks.append(.paragraph("Not tested: \(refusal)."))
    } else {
      let rows = significance.rows(split).map { $0.map { Table.Cell($0) } }
      blocks.append(
        .table(Table(first.named("test"), caption: "Paired test", header: Significance.header, rows: rows)))
      blocks.append(.paragraph(significance.rule))
    }
    return PageSection(first.titled("Scores"), blocks)
  }

  /// F1 of each label; nil: there are none.
  private func labels(_ first: ReportedPart, _ second: ReportedPart) -> PageSection? {
    let scores = [first, second].map(\.scored.byLabel), support = scores[0]
    let labels = Set(scores.flatMap(\.keys)).sorted { precedes($0, $1) }
    if labels.isEmpty { return nil }
    let rows = labels.map { label in
      let values = scores.map { $0[label]?.f1 ?? .nan }
      return [Table.Cell(label)] + (values + [values[1] - values[0]]).map { .init(scoreText($0, nil)) }
        + ["\(support[label]?.support ?? 0)"]
    }
    return PageSection(
      first.titled("F1 by label"),
      [
        .table(
          Table(first.named("labels"), header: ["label"] + names + ["second - first", "support"], rows: rows))
      ])
  }

  /// The examples that only one run has right.
  private func changes(_ first: ReportedPart, _ second: ReportedPart, _ texts: (any Dataset)?) -> PageSection? {
    let (a, b) = (first.records, second.records)
    guard a.map(\.id) == b.map(\.id), first.predictions.numbers.isEmpty else { return nil }
    func group(_ name: String, _ isIn: (Int) -> Bool) -> Block {
      let found = a.indices.filter(isIn)
      return .details(summary: "\(name) (\(found.count))", first.list(found, texts))
    }
    return PageSection(
      first.titled("Examples that changed"),
      [
        group("Right in \(names[0]) only") { a[$0].errors.isEmpty && !b[$0].errors.isEmpty },
        group("Right in \(names[1]) only") { !a[$0].errors.isEmpty && b[$0].errors.isEmpty },
        group("Wrong in both, otherwise") {
          !a[$0].errors.isEmpty && !b[$0].errors.isEmpty && a[$0].errors != b[$0].errors
        },
      ])
  }
}
