/// Reads a table once when it is opened: finds its records, checks each one, and collects what is wrong.
import Files

struct TableScan {
  /// Bytes after which the memory of the pages read so far is released.
  private static let releaseInterval = 4 << 20

  private let rows: TableRows
  private(set) var parser: TableParser
  private(set) var index = TableIndex()
  /// Hashes of the ids, if there is an id column.
  private var idHashes: [Int] = []
  private var badLines: [TableFault.BadLine] = []
  private var badLineCount = 0

  init(_ bytes: UnsafeRawBufferPointer, _ parser: TableParser) {
    rows = TableRows(bytes: bytes, format: parser.format)
    self.parser = parser
  }

  /// - Throws: the fault with the first invalid lines.
  mutating func run() throws(TableFault) {
    var released = 0
    for row in rows.nonBlank {
      try read(row)
      if row.next - released > Self.releaseInterval {
        releasePages(rows.slice(released..<row.next))
        released = row.next
      }
    }
    if badLineCount == 0 { checkIDs() }
    releasePages(rows.bytes)
    if badLineCount == 0, index.count == 0 {
      let problem: TableFault.Problem = parser.header == nil ? .noRecords(parser.format) : .headerOnly
      badLines.append(.init(line: parser.header?.line ?? 1, text: "", problem: problem))
      badLineCount = 1
    }
    if badLineCount > 0 { throw fault }
  }

  private var fault: TableFault { TableFault(file: parser.file, badLines: badLines, badLineCount: badLineCount) }

  private mutating func read(_ row: TableRow) throws(TableFault) {
    if parser.format != .jsonl, parser.header == nil { return try readHeader(row) }
    do throws(TableFault.Problem) {
      if parser.format != .jsonl, row.problem == nil { try checkUTF8(row) }
      let record = try parser.record(row, in: rows, number: index.count + 1)
      index.append(record, offset: row.start, line: row.line)
      if parser.columns.id != nil { idHashes.append(record.id.hashValue) }
    } catch {
      fail(error, row)
    }
  }

  /// Without its header a table cannot be read, so that the faults of the header are thrown at once.
  private mutating func readHeader(_ row: TableRow) throws(TableFault) {
    do throws(TableFault.Problem) {
      if let problem = row.problem { throw problem.problem }
      try checkUTF8(row)
      for problem in parser.readHeader(row) { fail(problem, row) }
    } catch {
      fail(error, row)
    }
    if badLineCount > 0 { throw fault }
  }

  private func checkUTF8(_ row: TableRow) throws(TableFault.Problem) {
    guard String(validating: rows.bytes(of: row), as: UTF8.self) != nil else { throw .notUTF8 }
  }

  /// Reports ids that occur again. Hashes are compared first, so that the ids need not be in memory.
  private mutating func checkIDs() {
    let sorted = idHashes.sorted()
    let repeated = Set(zip(sorted, sorted.dropFirst()).lazy.filter { $0 == $1 }.map(\.0))
    if repeated.isEmpty { return }
    var firstLines: [String: Int] = [:]
    for (number, hash) in idHashes.enumerated() where repeated.contains(hash) {
      let row = rows.row(at: index.offset(of: number), line: index.line(of: number))
      guard let id = try? parser.record(row, in: rows, number: number + 1).id else { continue }
      if let firstLine = firstLines[id] {
        fail(.repeatedID(id, firstLine: firstLine), row)
      } else {
        firstLines[id] = row.line
      }
    }
  }

  private mutating func fail(_ problem: TableFault.Problem, _ row: TableRow) {
    badLineCount += 1
    guard badLines.count < maxReportedLines else { return }
    badLines.append(rows.badLine(problem, row))
  }
}

extension TableRows {
  /// A fault of quotes may be several lines below the row's first.
  func badLine(_ problem: TableFault.Problem, _ row: TableRow) -> TableFault.BadLine {
    let offset = row.problem?.offset ?? row.start
    let text = excerpt(slice(offset..<max(offset, row.end)))
    return .init(line: row.line + lineFeeds(in: row.start..<offset), text: text, problem: problem)
  }
}
