/// The sections of a report about the scores of one task.
import Files
import Pages
import Tasks

extension ReportedPart {
  func scoreSections() -> [PageSection] {
    [slices(.label), confusion, calibration, numbers, slices(.question), mentions, slices(.length)].compactMap { $0 }
  }

  /// The scores of one table of slices; nil: there is none.
  private func slices(_ kind: SliceTable.Kind, after text: [Block] = []) -> PageSection? {
    guard let table = slices.first(where: { $0.kind == kind }) else { return nil }
    let names = kind.names(ofEntities: predictions.hasMentions)
    let rows = table.slices.map { slice in
      [Table.Cell(slice.name)]
        + table.metrics.map { .init(scoreText(slice.values[$0.name] ?? .nan, slice.intervals[$0.name])) }
        + ["\(slice.count)"]
    }
    let header = [names.slice] + table.metrics.map(\.name) + [names.count]
    return PageSection(titled(names.title), text + [.table(Table(named(names.file), header: header, rows: rows))])
  }

  private var mentions: PageSection? {
    if let noMentions {
      return PageSection(titled("Mentions seen in training"), [.paragraph("Left out: \(noMentions).")])
    }
    let rule = "Whether an entity of the training data has the same words in lower case, of whatever type."
    return slices(.mention, after: [.paragraph(rule)])
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

}

extension SliceTable.Kind {
  /// What its table says: the title, the first and the last column, and the name of its file.
  func names(ofEntities: Bool) -> (title: String, slice: String, count: String, file: String) {
    switch self {
    case .label: (ofEntities ? "Entity types" : "Labels", ofEntities ? "type" : "label", "support", "scores")
    case .mention: ("Mentions seen in training", "entities", "support", "mentions")
    case .question: ("Answers", "questions", "number", "answers")
    case .length: ("Lengths", "records with", "number", "lengths")
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
