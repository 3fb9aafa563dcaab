/// Makes a record of a row: chooses its columns by name and checks their values. Does not find rows: `TableRows` does.
import Files

struct TableParser: Sendable {
  let file: String
  let format: TableFormat
  let columns: RecordColumns
  /// The names in the header, with each one's index; nil before the header is read, and for JSON lines.
  private(set) var header: Header?

  struct Header: Sendable {
    let count: Int
    let line: Int
    let indices: [String: Int]
  }

  init(file: String, format: TableFormat, columns: RecordColumns) {
    self.file = file
    self.format = format
    self.columns = columns
  }

  /// Reads the header.
  /// - Returns: its problems; it is not usable if there are any.
  mutating func readHeader(_ row: TableRow) -> [TableFault.Problem] {
    let names = row.fields.map(\.text)
    var indices: [String: Int] = [:]
    var repeated: [String] = []
    for (index, name) in names.enumerated() where indices.updateValue(index, forKey: name) != nil {
      // Spreadsheets write empty columns, whose names are all empty.
      if !name.isEmpty, !repeated.contains(name) { repeated.append(name) }
    }
    header = Header(count: names.count, line: row.line, indices: indices)
    let missing = columns.names.filter { indices[$0] == nil }
    return repeated.map { .repeatedColumn($0) } + missing.map { .missingColumn($0, found: listed(names)) }
  }

  /// The record of a row after the header.
  func record(_ row: TableRow, in rows: TableRows, number: Int) throws(TableFault.Problem) -> Record {
    if let problem = row.problem { throw problem.problem }
    let cells = try cells(of: row, rows)
    var texts = [try text(columns.text, cells)]
    var entities: EntityPair?
    if columns.entities.areGiven {
      (texts[0], entities) = try columns.entities.read(texts[0]) { (name) throws(TableFault.Problem) in
        try cell(name, cells)
      }
    }
    for name in (columns.textPair.map { [$0] } ?? []) + columns.negatives { texts.append(try text(name, cells)) }
    let id = try columns.id.map { (name) throws(TableFault.Problem) in try value(name, cells) }
    let document = try columns.document.map { (name) throws(TableFault.Problem) in try value(name, cells) }
    var record = Record(
      id: id ?? String(number), texts: texts, entities: entities,
      source: .init(file: file, line: row.line, record: number, document: document))
    if let name = columns.label {
      switch columns.labelForm {
      case .one: record.labels = [try value(name, cells)]
      case .set(let separator, let hasValues):
        let labels = LabelSetParser(column: name, separator: separator, hasValues: hasValues)
        record.labels = try labels.labels(in: try cell(name, cells))
      case .number: record.value = try self.number(name, cells)
      }
    }
    return record
  }
}

/// The values of a row by column.
private enum Cells {
  case object([String: JSON])
  case fields([TableField], [String: Int])

  subscript(column: String) -> JSON? {
    switch self {
    case .object(let members): members[column]
    case .fields(let fields, let indices): indices[column].map { .string(fields[$0].text) }
    }
  }
}

extension TableParser {
  private func cells(of row: TableRow, _ rows: TableRows) throws(TableFault.Problem) -> Cells {
    guard let header else { return .object(try object(rows.bytes(of: row))) }
    guard row.fields.count == header.count else {
      throw .fields(found: row.fields.count, expected: header.count, headerLine: header.line)
    }
    return .fields(row.fields, header.indices)
  }

  private func object(_ line: UnsafeRawBufferPointer) throws(TableFault.Problem) -> [String: JSON] {
    let json: JSON
    do throws(FileFault) {
      json = try JSON(parsingLine: line, named: file)
    } catch {
      guard String(validating: line, as: UTF8.self) != nil, case .json(_, let why) = error else { throw .notUTF8 }
      throw .invalidJSON(why: why)
    }
    guard let members = json.object else { throw .notObject(found: json.typeName) }
    return members
  }

  private func text(_ column: String, _ cells: Cells) throws(TableFault.Problem) -> String {
    let json = try cell(column, cells)
    guard let text = json.string else { throw .wrongType(column: column, found: json.typeName, expected: "a string") }
    guard !isBlank(text) else { throw .emptyText(column: column) }
    return text
  }

  /// A label or id as text.
  private func value(_ column: String, _ cells: Cells) throws(TableFault.Problem) -> String {
    switch try cell(column, cells) {
    case .string(let text) where !isBlank(text): return text
    case .string: throw .noValue(column: column, found: "no value")
    case .null: throw .noValue(column: column, found: "null")
    case .int(let number): return String(number)
    case .bool(let isTrue): return isTrue ? "true" : "false"
    case .double(let number):
      throw .wrongType(column: column, found: "the number \(number)", expected: valueTypes)
    case let other: throw .wrongType(column: column, found: other.typeName, expected: valueTypes)
    }
  }

  private func number(_ column: String, _ cells: Cells) throws(TableFault.Problem) -> Double {
    let json = try cell(column, cells)
    let number = json.number ?? json.string.flatMap { Double($0.filter { $0 != " " }) }
    guard let number, number.isFinite else {
      let found = json.string.map { quoted($0) } ?? json.number.map { "the number \($0)" } ?? json.typeName
      throw .wrongType(column: column, found: found, expected: "a number")
    }
    return number
  }

  private func cell(_ column: String, _ cells: Cells) throws(TableFault.Problem) -> JSON {
    if let cell = cells[column] { return cell }
    guard case .object(let members) = cells else { return .null }
    throw .missingKey(column, found: listed(members.keys.sorted()))
  }
}

private let valueTypes = "a string, a whole number, true or false"

func isBlank(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(\.properties.isWhitespace) }

/// The first 100 names, shortened and with control characters escaped.
private func listed(_ names: [String]) -> [String] { names.prefix(100).map(escaped) }
