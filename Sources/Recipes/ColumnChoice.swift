/// The columns of a table that hold the text and the label: those that the user names, or by their names or values. Does not
/// check the values: the reader does.
import Datasets
import Files
import Tasks

/// Columns that the user names; nil: to be found.
package struct NamedColumns: Sendable, Equatable {
  package var text, textPair, label: String?

  package init(text: String? = nil, textPair: String? = nil, label: String? = nil) {
    (self.text, self.textPair, self.label) = (text, textPair, label)
  }

  /// The option of the first that is named; nil: none is.
  var firstOption: String? {
    text != nil ? "--text-column" : textPair != nil ? "--text-pair-column" : label != nil ? "--label-column" : nil
  }
}

struct ColumnChoice {
  let text: String
  let textPair, label: String?
  /// What the labels ask for.
  private(set) var task = TaskType.sequenceClassification
  /// Which columns were taken, and why this task.
  private(set) var notes: [String] = []
  /// Why there is no label.
  let noLabel: (found: String, expected: String)
  /// Whether several columns could be the label.
  let hasCandidates: Bool

  private static let texts = ["text", "sentence", "abstract", "content", "document", "body", "question", "title"]
  private static let pairs = [
    ("sentence1", "sentence2"), ("premise", "hypothesis"), ("question", "context"), ("question", "passage"),
    ("question", "answer"), ("question1", "question2"), ("text_a", "text_b"), ("text1", "text2"), ("text", "text_pair"),
    ("query", "document"),
  ]
  private static let labels = ["label", "labels", "gold_label", "class", "category", "target", "relation", "intent"]

  /// - Throws: `FileFault` if no column has texts.
  init(_ columns: [FileSample.Column], _ named: NamedColumns, _ format: TableFormat, _ file: String) throws(FileFault) {
    let listed = list(columns.map(\.name))
    let free = columns.filter { ![named.text, named.textPair, named.label].contains($0.name) }
    func find(_ name: String) -> String? {
      (free.first { $0.name == name } ?? free.first { $0.name.lowercased() == name })?.name
    }
    let pair =
      named.text == nil && named.textPair == nil
      ? Self.pairs.lazy.compactMap { a, b in find(a).flatMap { a in find(b).map { (a, $0) } } }.first : nil
    let longest = free.max { $0.length < $1.length }.flatMap { $0.length > 0 ? $0.name : nil }
    guard let text = named.text ?? pair?.0 ?? Self.texts.lazy.compactMap(find).first ?? longest else {
      throw .malformed(
        file: file, line: nil, found: "found no text in the columns \(listed)", expected: "a column of texts")
    }
    let textPair = named.textPair ?? pair?.1
    let others = free.filter { $0.name != text && $0.name != textPair }
    let byName = Self.labels.lazy.compactMap(find).first { name in others.contains { $0.name == name } }
    let candidates = others.filter(\.mayBeLabel)
    (self.text, self.textPair) = (text, textPair)
    label = named.label ?? byName ?? (candidates.count == 1 ? candidates[0].name : nil)
    hasCandidates = candidates.count > 1
    noLabel =
      candidates.count > 1
      ? ("several columns could be the label: \(list(candidates))", "one: name it with --label-column")
      : (
        "found no column of labels among \(listed)",
        "one named \(Self.labels[0]), or a single one with few distinct values; --label-column names another; for text "
          + "without labels, plain text or JSON lines"
      )
    noteColumns()
    if let column = columns.first(where: { $0.name == label }) { chooseTask(column, format) }
  }

  private mutating func noteColumns() {
    let texts = textPair.map { "text columns \(list([text])) and \(list([$0]))" } ?? "text column \(list([text]))"
    notes.append(texts + (label.map { ", label column \(list([$0]))" } ?? ", no label column"))
    if label == nil, hasCandidates { notes.append("\(noLabel.found); --label-column chooses one") }
  }

  private mutating func chooseTask(_ column: FileSample.Column, _ format: TableFormat) {
    if column.hasLists {
      task = .multiLabelClassification
      return
    }
    let values = column.values.filter { !$0.isEmpty }, numbers = values.compactMap(number)
    guard numbers.count == values.count, !numbers.isEmpty else { return }
    let decimal = values.contains { $0.contains(".") }, distinct = Set(values)
    let examples = distinct.sorted { (Double($0) ?? 0, $0) < (Double($1) ?? 0, $1) }.prefix(2)
      .joined(separator: " and ")
    // JSON's 1.0 is a number, which no class is.
    if decimal, format == .jsonl || numbers.contains(where: { $0 != $0.rounded() }) {
      task = .regression
      notes.append(
        "the labels are numbers, such as \(examples): the task is regression. For classes, set task.type to "
          + #""sequence_classification""# + (format == .jsonl ? ", and write the labels as strings" : ""))
    } else if decimal || distinct.count > 10 {
      notes.append(
        "the labels are numbers, such as \(examples): each is a class (sequence_classification). To predict a number, set "
          + #"task.type to "regression""#)
    }
  }
}

/// The names, and where values are missing.
private func list(_ columns: [FileSample.Column]) -> String {
  columns.map { column in list([column.name]) + (column.emptyLine.map { " (no value in line \($0))" } ?? "") }
    .joined(separator: ", ")
}

private func list(_ names: [String]) -> String { names.map { "'\(printable($0))'" }.joined(separator: ", ") }

private func number(_ text: String) -> Double? {
  guard text.allSatisfy({ $0.isASCII && ($0.isNumber || "+-.eE ".contains($0)) }) else { return nil }
  return Double(text.filter { $0 != " " })
}

extension FileSample.Column {
  fileprivate var length: Int { values.reduce(0) { $0 + $1.count } }

  /// Whether it has few distinct values, and a value in all records but a few, which the reader names.
  fileprivate var mayBeLabel: Bool {
    let given = values.filter { !$0.allSatisfy(\.isWhitespace) }, distinct = Set(given).count
    return values.count - given.count <= max(2, values.count / 10) && distinct > 1
      && distinct <= min(50, max(2, given.count / 2))
  }
}
