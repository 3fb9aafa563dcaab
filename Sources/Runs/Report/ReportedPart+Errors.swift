/// The section of a report with the wrong examples: their ids, and their texts if they are to be shown.
import Datasets
import Files
import Pages
import Tasks

extension ReportedPart {
  /// Examples of one group that are listed.
  private static let listed = 500

  /// - Parameter texts: the records; nil: they are not shown.
  func errors(_ texts: (any Dataset)?) -> PageSection {
    let numbers = predictions.numbers
    if !numbers.isEmpty { return PageSection(titled("Largest differences"), [differences(numbers, texts)]) }
    struct Pair: Hashable { let gold, predicted: String }
    typealias Found = (record: Int, error: PredictionError)
    let errors = records.enumerated().flatMap { index, record in record.errors.map { Found(index, $0) } }
    if errors.isEmpty { return PageSection(titled("Wrong examples"), [.paragraph("There are none.")]) }
    let groups = Dictionary(grouping: errors) { Pair(gold: $0.error.gold, predicted: $0.error.predicted) }
    let sorted = groups.sorted {
      ($1.value.count, $0.key.gold, $0.key.predicted) < ($0.value.count, $1.key.gold, $1.key.predicted)
    }
    let blocks = sorted.map { pair, errors in
      Block.details(
        summary: "\(pair.gold) → \(pair.predicted) (\(errors.count))",
        list(errors.prefix(Self.listed).map { ($0.record, $0.error) }, texts) + rest(errors.count))
    }
    return PageSection(titled("Wrong examples"), [.paragraph(explanation(texts != nil))] + blocks)
  }

  private func explanation(_ showsText: Bool) -> String {
    let what = "Right → predicted, with the ids of the records"
    let words = predictions.taskType == .tokenClassification ? " and the entities' words, counted from 0" : ""
    if !showsText { return what + words + ". --show-text shows the texts." }
    return what + words + ". "
      + (words.isEmpty ? "" : "The right entity has a background, the predicted one is underlined.")
  }

  private func rest(_ count: Int) -> [Block] {
    count > Self.listed ? [.paragraph("And \(count - Self.listed) more.")] : []
  }

  private func list(_ errors: [(record: Int, error: PredictionError)], _ texts: (any Dataset)?) -> [Block] {
    guard let texts else {
      return [.paragraph(errors.map { place($0.record, $0.error) }.joined(separator: ", "))]
    }
    return errors.map { .text([TextRun(place($0.record, $0.error) + "  ")] + runs(texts[$0.record], $0.error)) }
  }

  /// Records with their texts, or their ids alone.
  func list(_ records: [Int], _ texts: (any Dataset)?) -> [Block] {
    let listed = records.prefix(Self.listed)
    let blocks: [Block] =
      texts.map { texts in
        listed.map { .text([TextRun(name(of: $0) + "  ")] + runs(texts[$0], nil)) }
      } ?? [.paragraph(listed.map(name).joined(separator: ", "))]
    return blocks + rest(records.count)
  }

  private func place(_ record: Int, _ error: PredictionError) -> String {
    func text(_ span: Range<Int>?) -> String? {
      span.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound - 1)" }
    }
    let spans = [error.goldSpan, error.predictedSpan].compactMap(text)
    let words = Set(spans).count == 1 ? spans[0] : spans.joined(separator: " → ")
    return name(of: record) + (words.isEmpty ? "" : " [\(words)]")
  }

  /// Its id, with the file's name if there are several.
  func name(of record: Int) -> String {
    let record = records[record]
    guard let file = record.file, Set(records.compactMap(\.file)).count > 1 else { return record.id }
    return "\(file):\(record.id)"
  }

  /// The text of a record, with the error marked.
  private func runs(_ record: Record, _ error: PredictionError?) -> [TextRun] {
    if record.words.isEmpty { return [TextRun(record.texts.joined(separator: "\n"))] }
    return record.words.enumerated().flatMap { index, word in
      let isGold = error?.goldSpan?.contains(index) == true, isPredicted = error?.predictedSpan?.contains(index) == true
      let mark: TextRun.Mark? = isGold && isPredicted ? .both : isGold ? .first : isPredicted ? .second : nil
      return (index == 0 ? [] : [TextRun(" ")]) + [TextRun(word, mark)]
    }
  }

  private func differences(
    _ numbers: [(record: Int, gold: Double, predicted: Double)], _ texts: (any Dataset)?
  ) -> Block {
    let largest = numbers.sorted { abs($1.predicted - $1.gold) < abs($0.predicted - $0.gold) }.prefix(50)
    return .table(
      Table(
        named("differences"), header: ["id", "right", "predicted", "difference"] + (texts == nil ? [] : ["text"]),
        rows: largest.map { record, gold, predicted in
          [.init(name(of: record))] + [gold, predicted, predicted - gold].map { .init(fixed($0, 4)) }
            + (texts.map { [.init($0[record].texts.joined(separator: " | "))] } ?? [])
        }))
  }
}
