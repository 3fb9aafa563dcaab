/// The results of a benchmark as a page: parameters against accuracy, with the significance of every difference.
import Files
package import Pages
import Recipes
import Tasks

extension BenchResults {
  package var page: Page {
    get throws {
      Page(
        title: about ?? "Benchmark of \(lastPathComponent(output))",
        sections: try [summary] + comparisons.flatMap { try $0.sections(isOnly: comparisons.count == 1) }
          + (crossScores.isEmpty ? [] : [crossSection]) + [again])
    }
  }

  private var summary: PageSection {
    let finished = rows.reduce(0) { $0 + $1.runs.count }, open = rows.count { $0.pending > 0 }
    let state =
      "Rows: \(rows.count). Finished runs of the chosen settings: \(finished)."
      + (open > 0 ? " Rows that are not complete: \(open)." : "")
    return PageSection(
      "Summary",
      [.paragraph(state)] + comparisons.compactMap { $0.conclusion.map(Block.paragraph) } + [.paragraph(Self.rule)]
        + (failures.isEmpty
          ? [] : [.details(summary: "Failed runs (\(failures.count))", failures.map(Block.paragraph))]))
  }

  private var crossSection: PageSection {
    PageSection(
      "Trained on, tested on",
      [.paragraph("Rows: the task of the training data; columns: that of the test data. Means over the seeds.")]
        + crossScores.enumerated().map { index, cross in
          .table(
            Table(
              "cross-\(index)",
              caption: "\(cross.base), \(cross.method): \(cross.metric.name)", header: ["trained on"] + cross.tasks,
              rows: zip(cross.tasks, cross.scores).map { task, scores in
                [Table.Cell(task)] + scores.map { .init($0?.text ?? "–") }
              }))
        })
  }

  /// How to make each row again.
  private var again: PageSection {
    let commands = rows.flatMap { row in
      row.runs.map {
        shellCommand(["tune", "run", $0.cell.recipe.output + "/recipe.json", "output=again/" + $0.cell.name])
      }
    }
    return PageSection(
      "Making rows again",
      [
        .paragraph("Each of these commands gives the same weights and scores on the same machine."),
        .details(summary: "Commands (\(commands.count))", [.code(commands.joined(separator: "\n"))]),
      ])
  }
}

extension BenchResults.Comparison {
  private func title(_ text: String, isOnly: Bool) -> String {
    isOnly ? text : "\(base), \(task): \(text.lowercased())"
  }
  private var file: String { "\(base)-\(task)" }

  /// "lora has the best f1 …".
  package var conclusion: String? {
    guard let best, let score = rows[best].score, rows.count > 1 else { return nil }
    let row = rows[best], others = rows.indices.filter { $0 != best && rows[$0].score != nil }
    let equal = others.filter(isEqualToBest), untested = others.filter { pair(best, $0) == nil }
    let smallest = equal.first { (rows[$0].trainable ?? .max) < (row.trainable ?? 0) }
    return "\(base), \(task): \(row.row.method) has the best \(row.metric.name) on \(row.split.rawValue), "
      + "\(fixed(score.mean, 4)) (\(counted(score.count, "seed"))), with "
      + "\(grouped(row.trainable ?? 0)) trainable parameters."
      + (!equal.isEmpty
        ? " Not significantly worse: \(equal.map { rows[$0].row.method }.joined(separator: ", "))."
        : untested.isEmpty && !others.isEmpty ? " Every other row is significantly worse." : "")
      + (smallest.map {
        " Of these \(rows[$0].row.method) has the fewest parameters, \(grouped(rows[$0].trainable ?? 0))."
      } ?? "")
      + (untested.isEmpty
        ? ""
        : " Not tested against it: \(untested.map { rows[$0].row.method }.joined(separator: ", ")) (\(obstacles)).")
  }

  /// Why rows were not tested against each other: "loss is not made of predictions".
  private var obstacles: String { Set(untested.map(\.why)).sorted().joined(separator: "; ") }

  /// "pending", "failed", "best", "not significantly worse", or nothing.
  package func remark(_ row: Int) -> String {
    if rows[row].status != "completed" { return rows[row].status }
    guard let best else { return "" }
    return row == best ? "best" : isEqualToBest(row) ? "not significantly worse" : ""
  }

  /// Whether the data do not show that a row is worse than the best.
  private func isEqualToBest(_ row: Int) -> Bool {
    best.flatMap { pair($0, row) }.map { $0.adjustedP >= 0.05 } ?? false
  }

  func sections(isOnly: Bool) throws -> [PageSection] {
    func section(_ name: String, _ blocks: [Block]) -> PageSection { PageSection(title(name, isOnly: isOnly), blocks) }
    guard rows.contains(where: { $0.score != nil }) else {
      return [section("Parameters against accuracy", [.paragraph("No run has finished.")])]
    }
    return [
      section("Parameters against accuracy", [.plot(pareto), .table(table)]),
      section("Costs", costs.map(Block.plot)), section("Paired test", matrix),
      section("Learning curves", [.details(summary: "By method", try curves.map(Block.plot))]),
    ]
  }

  private var pareto: ScatterPlot {
    let metric = rows[0].metric.name, frontier = Set(frontier)
    return ScatterPlot(
      "pareto-\(file)", title: "Parameters against \(metric)", x: "trainable parameters",
      y: "\(metric) on \(rows[0].split.rawValue)",
      rows.indices.compactMap { index in
        guard let score = rows[index].score, let trainable = rows[index].trainable else { return nil }
        return .init(
          rows[index].row.method, x: Double(trainable), y: score.mean, interval: rows[index].resampled?.interval,
          isOnLine: frontier.contains(index))
      })
  }

  private var table: Table {
    let metric = rows[0].metric.name, frontier = Set(frontier)
    let header = [
      "method", "parameters", "share", "MB", metric, "interval", "seeds", "chosen", "seconds", "tokens/s",
      "memory, MB", "latency, ms", "",
    ]
    func text(_ value: Double?, _ digits: Int) -> String { value.map { fixed($0, digits) } ?? "–" }
    return Table(
      "rows-\(file)", header: header,
      rows: rows.enumerated().map { index, row in
        let share = row.trainable.flatMap { trainable in row.total.map { 100 * Double(trainable) / Double($0) } }
        let interval = row.resampled.map {
          "[\(fixed($0.interval.lowerBound, 4)), \(fixed($0.interval.upperBound, 4))]"
        }
        let remarks = [remark(index), frontier.contains(index) ? "frontier" : ""].filter { !$0.isEmpty }
        return [
          row.row.method, row.trainable.map(grouped) ?? "–", share.map { fixed($0, 2) + " %" } ?? "–",
          text(row.bytes.map { Double($0) / 1e6 }, 2), row.scoreText, interval ?? "–", "\(row.runs.count)",
          row.settingsText, text(row.cost("train_seconds"), 1),
          text(row.cost("tokens_per_second"), 0), text(row.cost("peak_memory_bytes").map { $0 / 1e6 }, 0),
          text(row.cost("latency_ms"), 2), remarks.joined(separator: ", "),
        ].map { Table.Cell($0) }
      }, isSortable: true)
  }

  private var costs: [BarChart] {
    func chart(_ key: String, _ title: String, _ unit: String, _ scale: Double) -> BarChart {
      BarChart(
        "\(key)-\(file)", title: title, unit: unit,
        rows.compactMap { row in row.cost(key).map { (row.row.method, $0 * scale) } })
    }
    return [
      chart("train_seconds", "Training time", "seconds", 1), chart("peak_memory_bytes", "Peak memory", "MB", 1e-6),
      chart("latency_ms", "One text", "milliseconds", 1),
    ]
  }

  /// The differences of each two rows, with p; shaded where they are significant.
  private var matrix: [Block] {
    let tested = rows.indices.filter { rows[$0].resampled != nil }
    if pairs.isEmpty { return [.paragraph(rows.count > 1 ? "Not tested: \(obstacles)." : "Nothing to compare.")] }
    let table = Table(
      "test-\(file)", caption: "\(rows[0].metric.name) of the column minus that of the row; p adjusted for all pairs",
      header: [""] + tested.map { rows[$0].row.method },
      rows: tested.map { row in
        [Table.Cell(rows[row].row.method)]
          + tested.map { column in
            guard row != column else { return "" }
            guard let pair = pair(row, column) else { return "not tested" }
            let difference = column > row ? pair.difference.difference : -pair.difference.difference
            let isApart = pair.adjustedP < 0.05
            let sign = difference < 0 ? "" : "+"
            return Table.Cell(
              "\(sign)\(fixed(difference, 3)) (\(pair.adjustedP < 0.001 ? "<0.001" : fixed(pair.adjustedP, 3)))",
              share: isApart ? min(1, 0.3 + abs(difference) * 3) : nil, isError: difference < 0)
          }
      })
    let apart = pairs.count { $0.adjustedP < 0.05 }
    return [
      .paragraph(
        "\(apart) of \(pairs.count) pairs differ significantly, p < 0.05; these are shaded."
          + (untested.isEmpty ? "" : " Not tested: \(untested.count) (\(obstacles)).")), .table(table),
    ]
  }

  /// The score on dev of every seed.
  private var curves: [Plot] {
    get throws {
      try rows.compactMap { row in
        let series = try row.runs.map { run in
          let log = run.cell.recipe.output + "/metrics.jsonl"
          let events = fileExists(log) ? try JSON.lines(path: log) : []
          let points = events.compactMap { event -> (x: Double, y: Double)? in
            guard event["event"] == "evaluation", let step = event["step"]?.number,
              let value = event["metrics"]?[row.metric.name]?.number
            else { return nil }
            return (step, value)
          }
          return Plot.Series("seed \(run.cell.settings["seed"]?.text(pretty: false) ?? "")", points)
        }
        guard series.contains(where: { $0.points.count > 1 }) else { return nil }
        return Plot(
          "curve-\(file)-\(safeFolderName(row.row.method))", title: "\(row.row.method): \(row.metric.name) on dev",
          x: "step",
          y: row.metric.name, series)
      }
    }
  }
}

extension BenchResults.Row {
  /// "0.8123 ± 0.0101": the mean over the seeds and their standard deviation.
  package var scoreText: String { score?.text ?? "–" }

  /// "learning_rate 0.003"; empty if nothing was searched.
  package var settingsText: String {
    guard let chosen, searched.count > 1 else { return "" }
    return searched[chosen].settings.sorted { precedes($0.key, $1.key) }.map { key, value in
      let name = key.split(separator: ".").last.map(String.init) ?? key
      return "\(name) \(value.string ?? value.text(pretty: false))"
    }.joined(separator: ", ")
  }
}

/// 294912 as "294,912".
func grouped(_ number: Int) -> String {
  let digits = Array(String(number))
  return digits.enumerated().map { index, digit in
    (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digit)
  }.joined()
}

extension GridSummary.Score {
  fileprivate var text: String { fixed(mean, 4) + (deviation.map { " ± \(fixed($0, 4))" } ?? "") }
}
