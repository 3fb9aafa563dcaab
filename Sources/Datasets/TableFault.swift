/// Errors in the content of a table. A file that cannot be read is a `FileFault`.
import Files

package struct TableFault: Error, Equatable {
  package let file: String
  /// The first invalid lines, at most five.
  package let badLines: [BadLine]
  package let badLineCount: Int

  package struct BadLine: Sendable, Equatable {
    /// Counted from 1; of a record of several lines the first, but of a quote the line with the quote.
    package let line: Int
    /// The start of the text there, with control characters escaped.
    package let text: String
    package let problem: Problem
  }

  package enum Problem: Error, Equatable {
    case notUTF8
    /// The reason has the column.
    case invalidJSON(why: String)
    case notObject(found: String)
    /// A JSON object does not have the key. At most 100 of its keys are listed.
    case missingKey(String, found: [String])
    /// The header does not have the column. At most 100 of its columns are listed.
    case missingColumn(String, found: [String])
    case repeatedColumn(String)
    case wrongType(column: String, found: String, expected: String)
    /// A text is empty or has white space only.
    case emptyText(column: String)
    /// A label or id is empty or null.
    case noValue(column: String, found: String)
    /// A label is given twice for one record.
    case repeatedLabel(column: String, label: String)
    /// Every label ends with _0 or _1.
    case labelValues(column: String, label: String)
    /// Records of one document are not next to each other.
    case scatteredDocument(String)
    /// An entity's span ends after the text, which has `count` code points.
    case spanOutside(column: String, Range<Int>, count: Int)
    /// The texts of the two entities of a record.
    case overlappingEntities(String, String)
    /// A text has none or several opening marks of an entity, or no closing mark after its opening mark.
    case marks([String], openings: Int)
    /// A record has the id of the record of line `firstLine`.
    case repeatedID(String, firstLine: Int)
    case fields(found: Int, expected: Int, headerLine: Int)
    case unclosedQuote
    case textAfterQuote
    case headerOnly
    case noRecords(TableFormat)
  }
}

extension TableFault {
  /// A fault of one line, whose text is not shown.
  package init(file: String, line: Int, _ problem: Problem) {
    self.init(file: file, badLines: [.init(line: line, text: "", problem: problem)], badLineCount: 1)
  }
}

extension TableFault: DataFault {
  package var withoutText: TableFault {
    let lines = badLines.map { line -> BadLine in
      var problem = line.problem
      if case .overlappingEntities = problem { problem = .overlappingEntities("…", "…") }
      return BadLine(line: line.line, text: "", problem: problem)
    }
    return TableFault(file: file, badLines: lines, badLineCount: badLineCount)
  }
}

extension TableFault: CustomStringConvertible {
  package var description: String {
    let lines = badLines.map { "\(file):\($0.line): \($0.problem)" + ($0.text.isEmpty ? "" : " (\"\($0.text)\")") }
    return report(lines, of: badLineCount, advice: badLines.map(\.problem.advice))
  }
}

extension TableFault.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notUTF8: "found bytes that are not UTF-8; expected UTF-8 text"
    case .invalidJSON(let why):
      "found invalid JSON (\(why.hasSuffix(".") ? String(why.dropLast()) : why)); expected one JSON object per line"
    case .notObject(let found): "found \(found); expected a JSON object"
    case .missingKey(let name, let found): "found \(list(found, "key")); expected \(expected(name, among: found))"
    case .missingColumn(let name, let found):
      "found \(list(found, "column")); expected \(expected(name, among: found))"
    case .repeatedColumn(let name): "found the column \(quoted(name)) twice; expected different column names"
    case .wrongType(let column, let found, let expected): "found \(found) in \(quoted(column)); expected \(expected)"
    case .emptyText(let column): "found an empty text in \(quoted(column)); expected text"
    case .noValue(let column, let found): "found \(found) in \(quoted(column)); expected a label or id"
    case .repeatedLabel(let column, let label):
      "found \(quoted(label)) twice in \(quoted(column)); expected distinct labels"
    case .labelValues(let column, let label):
      "found labels with values, such as \(quoted(label)), in \(quoted(column)); expected the labels that apply"
    case .scatteredDocument(let id):
      "found a record of the document \(quoted(id)) after one of another document; expected a document's records together"
    case .spanOutside(let column, let span, let count):
      "found the span \(span.lowerBound) to \(span.upperBound) in \(quoted(column)), but the text has \(count) code points; "
        + "expected a span inside the text"
    case .overlappingEntities(let subject, let object):
      "found subject and object that overlap, \(quoted(subject)) and \(quoted(object)); expected two separate entities"
    case .marks(let marks, 1): "found no \(quoted(marks[1])) after \(quoted(marks[0])); expected an entity between them"
    case .marks(let marks, let count):
      "found \(quoted(marks[0])) \(count) times; expected it once, before the entity"
    case .repeatedID(let id, let line): "found the id \(quoted(id)), which line \(line) has too; expected different ids"
    case .fields(let found, let expected, let line):
      "found \(counted(found, "field")); expected \(expected) as in the header (line \(line))"
    case .unclosedQuote: "found a quote without a closing quote; expected one before the end of the file"
    case .textAfterQuote: "found text after a closing quote; expected a comma or the end of the line"
    case .headerOnly: "found a header without records; expected at least one record"
    case .noRecords(.jsonl): "found no records; expected one JSON object per line"
    case .noRecords: "found no records; expected a header line and one record per line"
    }
  }

  var advice: String {
    switch self {
    case .notUTF8: "Convert the file to UTF-8, for example with iconv."
    case .invalidJSON: "Write each record as one JSON object on one line, as Python's json.dumps does."
    case .notObject: #"Write each record as an object, for example {"text": "…", "label": "…"}."#
    case .missingKey: "Name a key that every object has, or add the key to these objects."
    case .missingColumn: "Name the columns exactly as in the header line. Is the format (jsonl, tsv or csv) correct?"
    case .repeatedColumn: "Rename one of the columns."
    case .wrongType: "Convert the values to the expected type when writing the file."
    case .emptyText: "Remove these records or add the text."
    case .noValue: "Remove these records or add the value."
    case .repeatedLabel: "Name each label once."
    case .labelValues: #"With "label_values": true, _1 after a label says that it applies, and _0 that it does not."#
    case .scatteredDocument: "Sort the records by document, or name no document_separator."
    case .spanOutside:
      "Spans count Unicode code points of the text from 0, without the end, as Python's text[start:end]; not bytes."
    case .overlappingEntities: "Remove these records: a text in which each entity is marked cannot be made of them."
    case .marks: "The marks include their blanks: \"[[ \". Mark each record's two entities, each once."
    case .repeatedID: "Make the ids unique, or name no id column: the ids are then the numbers of the records."
    case .fields:
      "Replace tabs in the fields of a TSV file by spaces. Put fields with a comma, a quote or a line break in a CSV "
        + "file in double quotes."
    case .unclosedQuote, .textAfterQuote: #"In a field in double quotes, write every quote twice ("")."#
    case .headerOnly, .noRecords: "Is this the right file?"
    }
  }
}

/// "the columns 'a', 'b'", of at most ten names.
private func list(_ names: [String], _ noun: String) -> String {
  if names.isEmpty { return "no \(noun)s" }
  let shown = names.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
  return "the \(noun)\(names.count == 1 ? "" : "s") \(shown)\(names.count > 10 ? ", …" : "")"
}

private func expected(_ name: String, among names: [String]) -> String {
  guard let nearest = nearest(to: name, among: names) else { return quoted(name) }
  return "\(quoted(name)) (did you mean '\(nearest)'?)"
}
