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
  private let headerLine: Int
  private let rows: TableRows
  private var remaining: TableRows.NonBlank

  /// - Throws: `FileFault` if the file cannot be read, `TableFault` if it has no usable header.
  package init(_ path: String, _ format: TableFormat) throws {
    precondition(format != .jsonl, "JSON lines are lines of JSON already")
    (self.path, map) = (path, try MappedFile.decompressed(path: path))
    rows = TableRows(bytes: map.bytes, format: format)
    remaining = rows.nonBlank
    guard let header = remaining.next() else { throw TableFault(file: path, line: 1, .noRecords(format)) }
    (columns, headerLine) = (header.fields.map(\.text), header.line)
    let counts = Dictionary(columns.map { ($0, 1) }, uniquingKeysWith: +)
    let repeated = columns.first { !$0.isEmpty && counts[$0] != 1 }
    if let problem = problem(of: header) ?? repeated.map(TableFault.Problem.repeatedColumn) {
      throw fault(problem, header)
    }
  }

  /// The next rows; none at the end. A row that cannot be read is a line whose text throws a `TableFault`.
  package func next(atMost count: Int) -> [LineReader.Line] {
    var lines: [LineReader.Line] = []
    while lines.count < count, let row = remaining.next() {
      lines.append(LineReader.Line(number: row.line, file: path, Result { try object(row) }))
    }
    return lines
  }

  private func problem(of row: TableRow) -> TableFault.Problem? {
    row.problem?.problem ?? (String(validating: rows.bytes(of: row), as: UTF8.self) == nil ? .notUTF8 : nil)
  }

  private func fault(_ problem: TableFault.Problem, _ row: TableRow) -> TableFault {
    TableFault(file: path, badLines: [rows.badLine(problem, row)], badLineCount: 1)
  }

  private func object(_ row: TableRow) throws(TableFault) -> String {
    if let problem = problem(of: row) { throw fault(problem, row) }
    guard row.fields.count == columns.count else {
      throw fault(.fields(found: row.fields.count, expected: columns.count, headerLine: headerLine), row)
    }
    let members = zip(columns, row.fields).map { name, field in
      JSON.string(name).text(pretty: false) + ":" + JSON.string(field.text).text(pretty: false)
    }
    return "{" + members.joined(separator: ",") + "}"
  }
}
