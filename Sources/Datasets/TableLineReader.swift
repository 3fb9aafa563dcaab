/// Reads the rows of a CSV or TSV file as lines of JSON, for programs that read JSON lines.
package import Files

/// ```swift
/// let reader = try TableLineReader("notes.csv", .csv)
/// reader.columns                  // ["id", "note"]
/// try reader.next(atMost: 512)    // {"id":"1","note":"…"}
/// ```
/// Gzip is detected. The file must not be changed in place meanwhile: see `MappedFile`.
package final class TableLineReader {
  /// The names in the header.
  package let columns: [String]
  private let path: String
  private let map: MappedFile
  private let rows: TableRows
  private let headerLine: Int
  private var offset: Int, line = 1

  /// - Throws: `FileFault` if the file cannot be read, `TableFault` if it has no usable header.
  package init(_ path: String, _ format: TableFormat) throws {
    precondition(format != .jsonl, "JSON lines are lines of JSON already")
    (self.path, map) = (path, try MappedFile.decompressed(path: path))
    rows = TableRows(bytes: map.bytes, format: format)
    offset = rows.start
    var found: (row: TableRow, line: Int)?
    while found == nil, offset < rows.bytes.count { found = Self.take(&offset, &line, rows) }
    guard let (header, headerLine) = found else { throw TableFault(file: path, line: 1, .noRecords(format)) }
    (columns, self.headerLine) = (header.fields.map(\.text), headerLine)
    let counts = Dictionary(columns.map { ($0, 1) }, uniquingKeysWith: +)
    let repeated = columns.first { !$0.isEmpty && counts[$0] != 1 }
    if let problem = Self.problem(of: header, rows) ?? repeated.map(TableFault.Problem.repeatedColumn) {
      throw fault(problem, header, headerLine)
    }
  }

  /// The next rows; none at the end. A row that cannot be read is a line whose text throws a `TableFault`.
  package func next(atMost count: Int) -> [LineReader.Line] {
    var lines: [LineReader.Line] = []
    while lines.count < count, offset < rows.bytes.count {
      guard let (row, number) = Self.take(&offset, &line, rows) else { continue }
      lines.append(LineReader.Line(number: number, file: path, Result { try object(row, number) }))
    }
    return lines
  }

  /// The next row that is not blank, and its first line.
  private static func take(_ offset: inout Int, _ line: inout Int, _ rows: TableRows) -> (row: TableRow, line: Int)? {
    let row = rows.row(at: offset), first = line
    offset = row.next
    line += rows.lineCount(row)
    return rows.isBlank(row) ? nil : (row, first)
  }

  private static func problem(of row: TableRow, _ rows: TableRows) -> TableFault.Problem? {
    row.problem?.problem ?? (String(validating: rows.bytes(of: row), as: UTF8.self) == nil ? .notUTF8 : nil)
  }

  private func fault(_ problem: TableFault.Problem, _ row: TableRow, _ line: Int) -> TableFault {
    TableFault(file: path, badLines: [rows.badLine(problem, row, line: line)], badLineCount: 1)
  }

  private func object(_ row: TableRow, _ number: Int) throws(TableFault) -> String {
    if let problem = Self.problem(of: row, rows) { throw fault(problem, row, number) }
    guard row.fields.count == columns.count else {
      throw fault(.fields(found: row.fields.count, expected: columns.count, headerLine: headerLine), row, number)
    }
    let members = zip(columns, row.fields).map { name, field in
      JSON.string(name).text(pretty: false) + ":" + JSON.string(field.text).text(pretty: false)
    }
    return "{" + members.joined(separator: ",") + "}"
  }
}
