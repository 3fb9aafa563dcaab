/// The first rows of a table with a header, and what is wrong with them. Does not choose columns.

struct TableSample {
  private static let maxRows = 500
  /// Of the rows in which nothing is wrong.
  let columns: [FileSample.Column]
  /// nil: nothing is wrong.
  let fault: TableFault?

  /// nil: there is one column or no row below the header; or, unless the file is named a table, rows have different numbers
  /// of fields, or the first does not look like a header.
  /// - Throws: the fault of quotes in the header of a file that is named a table.
  init?(_ bytes: UnsafeRawBufferPointer, _ format: TableFormat, isNamed: Bool, _ path: String) throws(TableFault) {
    var reader = SampleReader(rows: TableRows(bytes: bytes, format: format))
    reader.read(Self.maxRows)
    fault =
      reader.badLines.isEmpty
      ? nil
      : TableFault(
        file: path, badLines: Array(reader.badLines.prefix(maxReportedLines)), badLineCount: reader.badLines.count)
    if isNamed, reader.isBroken, let fault { throw fault }
    let names = reader.header, counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
    guard names.count > 1, !reader.records.isEmpty || isNamed && fault != nil,
      isNamed || fault == nil && counts.count == names.count && names.allSatisfy(isName)
    else { return nil }
    columns = names.enumerated().filter { !$1.isEmpty && counts[$1] == 1 }.map { index, name in
      let empty = reader.records.firstIndex { isBlank($0[index]) }
      return FileSample.Column(
        name: name, values: reader.records.map { $0[index] }, emptyLine: empty.map { reader.lines[$0] })
    }
  }
}

private func isName(_ field: String) -> Bool {
  !field.isEmpty && field.allSatisfy { $0.isLetter || $0.isNumber || "_-.#".contains($0) }
}

private struct SampleReader {
  let rows: TableRows
  private(set) var header: [String] = []
  private(set) var records: [[String]] = []
  /// Of each record.
  private(set) var lines: [Int] = []
  private(set) var badLines: [TableFault.BadLine] = []
  /// Whether quotes of the header are wrong.
  private(set) var isBroken = false

  init(rows: TableRows) { self.rows = rows }

  mutating func read(_ maxRows: Int) {
    var headerLine: Int?
    for row in rows.nonBlank.prefix(maxRows + 1) {
      let problem = row.problem?.problem, fields = row.fields.map(\.text)
      if let problem { fail(problem, row) }
      if let headerLine, problem == nil {
        if fields.count == header.count {
          records.append(fields)
          lines.append(row.line)
        } else {
          fail(.fields(found: fields.count, expected: header.count, headerLine: headerLine), row)
        }
      } else if headerLine == nil {
        (header, headerLine, isBroken) = (fields, row.line, problem != nil)
      }
    }
  }

  private mutating func fail(_ problem: TableFault.Problem, _ row: TableRow) {
    badLines.append(rows.badLine(problem, row))
  }
}
