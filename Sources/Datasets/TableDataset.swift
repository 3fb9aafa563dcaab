/// Records of a table, read from the mapped file when they are accessed. `TableFormat` describes the formats.
import Files

/// Opening reads the file once and checks every record. Memory use is 18 bytes per record, and 16 more for one that
/// follows a record of several lines or a blank line; the pages of a large file are released after each access.
///
///     let train = try TableDataset(
///       path: "train.csv", format: .csv, columns: RecordColumns(text: "sentence", label: "label"))
///     train[0].labels  // ["positive"]
///
/// - Gzip is detected from the first two bytes; the data are decompressed into a temporary file.
/// - JSON lines: a text is a string; a label or id is a string, a whole number, or true or false, which become text as
///   JSON writes them. Blank lines are skipped, also in TSV files; in CSV files only lines without any character.
/// - Every record must have all named columns, texts that are not blank, a label, and an id that no other record has.
///
/// The file must not be changed in place while the dataset is used: see `MappedFile`.
package struct TableDataset: Dataset {
  private let map: MappedFile
  private let parser: TableParser
  private let index: TableIndex

  /// - Throws: `FileFault` if the file cannot be read or decompressed, `TableFault` with the first invalid lines if it
  ///   is not a valid table with at least one record.
  package init(path: String, format: TableFormat, columns: RecordColumns) throws {
    try self.init(MappedFile.decompressed(path: path), TableParser(file: path, format: format, columns: columns))
  }

  init(_ map: MappedFile, _ parser: TableParser) throws(TableFault) {
    self.map = map
    var scan = TableScan(map.bytes, parser)
    try withExtendedLifetime(map) { () throws(TableFault) in try scan.run() }
    (self.parser, index) = (scan.parser, scan.index)
  }

  package var count: Int { index.count }

  package subscript(position: Int) -> Record {
    withExtendedLifetime(map) {
      let rows = TableRows(bytes: map.bytes, format: parser.format)
      let row = rows.row(at: index.offset(of: position), line: index.line(of: position))
      defer { if fileSize > Self.largeSize { release(row, rows) } }
      do {
        return try parser.record(row, in: rows, number: position + 1)
      } catch {
        preconditionFailure("\(parser.file) was changed while it was used: record \(position + 1): \(error)")
      }
    }
  }

  package func labeling(_ position: Int) -> Record {
    index.label(of: position).map { Record(id: "", labels: [$0]) } ?? self[position]
  }

  package func textHash(_ position: Int) -> UInt64 { index.textHash(of: position) }

  package var fileSize: Int { map.bytes.count }

  /// Files of this size are not kept in memory.
  private static let largeSize = 64 << 20

  /// Releases the pages of a row, and those around it that the system reads ahead.
  private func release(_ row: TableRow, _ rows: TableRows) {
    let readAhead = 1 << 16
    releasePages(rows.slice(max(0, row.start - readAhead)..<min(rows.bytes.count, row.end + readAhead)))
  }
}
