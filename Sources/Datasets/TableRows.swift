/// Finds the rows of a table and their fields in its bytes. Does not decode or interpret the fields.
import Glibc

/// A row's fields refer to the table's bytes.
struct TableRow {
  let start: Int
  /// The number of its first line, from 1.
  let line: Int
  /// The offset of the end, without the line terminator.
  var end: Int
  /// The offset of the next row.
  var next: Int
  /// Empty for JSON lines.
  var fields: [TableField] = []
  var hasQuotes = false
  /// What is wrong with the quotes, and the offset at which.
  var problem: (problem: TableFault.Problem, offset: Int)?
}

struct TableField {
  /// Without the quotes around it.
  var bytes: UnsafeRawBufferPointer
  /// Whether every quote in `bytes` is written twice.
  var hasDoubledQuotes = false

  /// The field as text, with replacement characters for bytes that are not UTF-8.
  var text: String {
    guard hasDoubledQuotes else { return String(decoding: bytes, as: UTF8.self) }
    var unquoted: [UInt8] = []
    var isSecond = false
    for byte in bytes {
      isSecond = byte == quote && !isSecond
      if byte != quote || isSecond { unquoted.append(byte) }
    }
    return String(decoding: unquoted, as: UTF8.self)
  }
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let tab = UInt8(ascii: "\t")
private let comma = UInt8(ascii: ",")
private let quote = UInt8(ascii: "\"")

struct TableRows {
  let bytes: UnsafeRawBufferPointer
  let format: TableFormat

  /// The offset of the first row, after a byte order mark.
  private var start: Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }

  /// The row that begins at `offset`, which is less than the number of bytes, on the line of this number.
  func row(at offset: Int, line: Int) -> TableRow {
    if format == .csv { return csvRow(at: offset, line: line) }
    let lineEnd = first(lineFeed, from: offset)
    var row = TableRow(start: offset, line: line, end: lineEnd, next: min(lineEnd + 1, bytes.count))
    dropCarriageReturn(&row)
    if format == .tsv { row.fields = tsvFields(row) }
    return row
  }

  func bytes(of row: TableRow) -> UnsafeRawBufferPointer { slice(row.start..<row.end) }

  /// The rows that are not blank.
  struct NonBlank: Sequence, IteratorProtocol {
    fileprivate let rows: TableRows
    fileprivate var offset: Int, line = 1

    mutating func next() -> TableRow? {
      while offset < rows.bytes.count {
        let row = rows.row(at: offset, line: line)
        offset = row.next
        line += rows.lineCount(row)
        if !rows.isBlank(row) { return row }
      }
      return nil
    }
  }

  var nonBlank: NonBlank { NonBlank(rows: self, offset: start) }

  /// JSON lines and TSV: a line of blanks (in TSV, tabs are not blanks). CSV: an empty line.
  private func isBlank(_ row: TableRow) -> Bool {
    switch format {
    case .jsonl: bytes(of: row).allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 }
    case .tsv: bytes(of: row).allSatisfy { $0 == 0x20 }
    case .csv: row.start == row.end
    }
  }

  /// The number of lines that a row takes.
  private func lineCount(_ row: TableRow) -> Int {
    row.hasQuotes ? max(1, lineFeeds(in: row.start..<row.next)) : 1
  }

  func lineFeeds(in range: Range<Int>) -> Int { slice(range).reduce(0) { $0 + ($1 == lineFeed ? 1 : 0) } }

  func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }

  /// The offset of the next `byte`, or the number of bytes if there is none.
  private func first(_ byte: UInt8, from offset: Int) -> Int {
    guard offset < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + offset, Int32(byte), bytes.count - offset)
    else { return bytes.count }
    return base.distance(to: UnsafeRawPointer(found))
  }

  private func dropCarriageReturn(_ row: inout TableRow) {
    if row.end > row.start, bytes[row.end - 1] == carriageReturn { row.end -= 1 }
  }

  private func tsvFields(_ row: TableRow) -> [TableField] {
    bytes[row.start..<row.end].split(separator: tab, omittingEmptySubsequences: false)
      .map { TableField(bytes: UnsafeRawBufferPointer(rebasing: $0)) }
  }
}

/// CSV: a row ends at the first line feed outside quotes.
extension TableRows {
  private func csvRow(at start: Int, line: Int) -> TableRow {
    var row = TableRow(start: start, line: line, end: start, next: start)
    while true {
      let isQuoted = row.next < bytes.count && bytes[row.next] == quote
      row.end = isQuoted ? readQuotedField(&row) : readField(&row)
      row.next = min(row.end + 1, bytes.count)
      guard row.end < bytes.count, bytes[row.end] == comma else { break }
    }
    dropCarriageReturn(&row)
    return row
  }

  /// Appends the field at `row.next`; returns the offset of the comma or line feed after it.
  private func readField(_ row: inout TableRow) -> Int {
    let separator = fieldEnd(from: row.next)
    let hasCarriageReturn = isLineEnd(separator) && separator > row.next && bytes[separator - 1] == carriageReturn
    row.fields.append(TableField(bytes: slice(row.next..<separator - (hasCarriageReturn ? 1 : 0))))
    return separator
  }

  private func readQuotedField(_ row: inout TableRow) -> Int {
    row.hasQuotes = true
    let start = row.next + 1
    var end = first(quote, from: start)
    var hasDoubledQuotes = false
    while end + 1 < bytes.count, bytes[end + 1] == quote {
      hasDoubledQuotes = true
      end = first(quote, from: end + 2)
    }
    guard end < bytes.count else {
      row.problem = row.problem ?? (.unclosedQuote, start - 1)
      return bytes.count
    }
    row.fields.append(TableField(bytes: slice(start..<end), hasDoubledQuotes: hasDoubledQuotes))
    let separator = fieldEnd(from: end + 1)
    let rest = slice(end + 1..<separator)
    if !rest.isEmpty, !(isLineEnd(separator) && rest.elementsEqual([carriageReturn])) {
      row.problem = row.problem ?? (.textAfterQuote, end + 1)
    }
    return separator
  }

  private func fieldEnd(from offset: Int) -> Int {
    bytes[offset...].firstIndex { $0 == comma || $0 == lineFeed } ?? bytes.count
  }

  private func isLineEnd(_ offset: Int) -> Bool { offset == bytes.count || bytes[offset] == lineFeed }
}
