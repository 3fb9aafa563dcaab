/// The sections of a report about the scores of one task.
import Files
import Pages
import Tasks

extension ReportedPart {
  func scoreSections(_ run: ReportedRun) -> [PageSection] {
    [labelScores(run), confusion, calibration, numbers, answers, lengths].compactMap { $0 }
  }

  private func labelScores(_ run: ReportedRun) -> PageSection? {
    let scores = scored.byLabel
    if scores.isEmpty { return nil }
    let intervals = run.bootstrap.labelIntervals(of: scored)
    let rows = scores.sorted { ($1.value.support, $0.key) < ($0.value.support, $1.key) }.map { label, score in
      [Table.Cell(label)]
        + [("precision", score.precision), ("recall", score.recall), ("f1", score.f1)].map { metric, value in
          Table.Cell(scoreText(value, intervals[Bootstrap.LabelMetric(label, metric)]))
        } + [Table.Cell("\(score.support)")]
    }
    let kind = predictions.taskType == .tokenClassification ? "Entity types" : "Labels"
    return PageSection(
      titled(kind),
      [.table(Table(named("scores"), header: ["label", "precision", "recall", "f1", "support"], rows: rows))])
  }

  private var confusion: PageSection? {
    guard let confusion = predictions.confusion, !confusion.rows.isEmpty else { return nil }
    let rows = zip(confusion.rows, confusion.counts).enumerated().map { number, row in
      let total = Double(max(1, row.1.reduce(0, +)))
      return [Table.Cell(row.0)]
        + row.1.enumerated().map { column, count in
          let isRight = confusion.columns[column] == row.0
          return Table.Cell("\(count)", share: count == 0 ? nil : Double(count) / total, isError: !isRight)
        }
    }
    var blocks: [Block] = [
      .paragraph(
        "Rows are what is right, columns what was predicted."
          + (predictions.taskType == .tokenClassification
            ? " Entities with other boundaries are counted by their types." : "")),
      .table(Table(named("confusion"), header: ["right \\ predicted"] + confusion.columns, rows: rows)),
    ]
    let outcomes = predictions.entityOutcomeCounts
    if !outcomes.isEmpty {
      let total = Double(max(1, outcomes.reduce(0) { $0 + $1.count }))
      blocks.append(
        .table(
          Table(
            named("entities"), caption: "What became of the entities", header: ["outcome", "entities", "share"],
            rows: outcomes.map {
              [.init($0.kind.meaning), "\($0.count)", .init("\(fixed(100 * Double($0.count) / total, 1)) %")]
            })))
    }
    return PageSection(titled("Confusion"), blocks)
  }

  private var calibration: PageSection? {
    guard let calibration = predictions.calibration else { return nil }
    let points = calibration.bins.map { ($0.probability, $0.accuracy) }
    let rows: [[Table.Cell]] = calibration.bins.map { bin in
      [
        .init("\(fixed(bin.range.lowerBound, 2))–\(fixed(bin.range.upperBound, 2))"), "\(bin.count)",
        .init(fixed(bin.probability, 4)), .init(fixed(bin.accuracy, 4)),
      ]
    }
    let brier = scored.values(of: Array(records.indices))["brier"].map { ", Brier score \(fixed($0, 4))" } ?? ""
    return PageSection(
      titled("Calibration"),
      [
        .paragraph(
          "Predictions with probability p should be right in a share p of cases: on the dashed line. Expected calibration "
            + "error \(fixed(calibration.error, 4))\(brier)."),
        .plot(
          Plot(
            named("reliability"), title: "Reliability diagram", x: "mean probability", y: "share that is right",
            xRange: 0...1, yRange: 0...1,
            [.init("predictions", points), .init("perfect", [(0, 0), (1, 1)], .dashed)])),
        .details(
          summary: "Bins",
          [.table(Table(named("bins"), header: ["probability", "predictions", "mean", "right"], rows: rows))]),
      ])
  }

  private var numbers: PageSection? {
    let numbers = predictions.numbers
    if numbers.isEmpty { return nil }
    let points = numbers.map { (x: $0.gold, y: $0.predicted) }
    let ends = (points.map(\.x).min() ?? 0, points.map(\.x).max() ?? 0)
    // The cosine of two vectors is not on the scale of the gold scores.
    let line: [Plot.Series] =
      predictions.taskType == .regression ? [.init("perfect", [(ends.0, ends.0), (ends.1, ends.1)], .dashed)] : []
    return PageSection(
      titled("Predicted numbers"),
      [
        .plot(
          Plot(
            named("numbers"), title: "Predicted by right number", x: "right", y: "predicted",
            [.init("records", points, .points)] + line))
      ])
  }

  /// The scores of questions with and without an answer.
  private var answers: PageSection? {
    if predictions.taskType != .extractiveQA { return nil }
    return PageSection(
      titled("Answers"),
      [
        .table(
          Table(
            named("answers"), header: ["questions", "number"] + headline.map(\.name),
            rows: groups(predictions.questionKinds)))
      ])
  }

  /// The score by the number of words, in groups of about the same size; nil: the words are not known.
  private var lengths: PageSection? {
    let lengths = records.map(\.words)
    let known = lengths.indices.filter { lengths[$0] != nil }.sorted { (lengths[$0] ?? 0, $0) < (lengths[$1] ?? 0, $1) }
    if known.count < 10 { return nil }
    let ends = (0...5).map { $0 * known.count / 5 }
    let groups = zip(ends, ends.dropFirst()).map { start, end in
      let part = known[start..<end], words = part.compactMap { lengths[$0] }
      return (name: "\(words.first ?? 0)–\(words.last ?? 0) words", records: Array(part))
    }
    return PageSection(
      titled("Lengths"),
      [
        .table(
          Table(named("lengths"), header: ["records with", "number"] + headline.map(\.name), rows: self.groups(groups)))
      ])
  }

  /// The headline metrics of groups of records.
  private func groups(_ groups: [(name: String, records: [Int])]) -> [[Table.Cell]] {
    groups.map { name, records in
      let values = scored.values(of: records)
      return [Table.Cell(name), "\(records.count)"]
        + headline.map { .init(scoreText(values[$0.name] ?? .nan, nil)) }
    }
  }
}

extension EntityOutcome.Kind {
  fileprivate var meaning: String {
    switch self {
    case .correct: "correct"
    case .type: "right words, wrong type"
    case .boundary: "right type, other boundaries"
    case .typeAndBoundary: "wrong type, other boundaries"
    case .missed: "missed"
    case .spurious: "spurious"
    }
  }
}
