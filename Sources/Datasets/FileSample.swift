/// The beginning of a data file, and the format that it is in. Does not choose a task.
import Files
import FoundationEssentials

/// ```swift
/// switch try FileSample(path: "train.tsv").content {
/// case .tags(let scheme): …            // words with tags, in columns
/// case .table(let format, let columns): …
/// case .text: …                        // running text
/// }
/// ```
package struct FileSample {
  /// A column of a table: its name, and its values in the sampled records, an empty one where a record has no text or
  /// number; and whether some value is a list.
  package typealias Column = (name: String, values: [String], hasLists: Bool)

  package enum Content {
    /// One word and its tag per line. `scheme` is given where it cannot be detected from the tags: types without a prefix.
    case tags(scheme: TagScheme?)
    case table(TableFormat, [Column])
    case text
  }

  private static let maxRecords = 500
  package let content: Content

  /// - Throws: `FileFault` if the file cannot be read, is empty, or is not UTF-8.
  package init(path: String) throws {
    let map = try MappedFile.decompressed(path: path)
    content = try withExtendedLifetime(map) { try Self.content(of: map.bytes, path) }
  }

  private static func content(of bytes: UnsafeRawBufferPointer, _ path: String) throws -> Content {
    let lines = try lines(bytes, path), records = lines.filter { !isBlank($0) }
    guard let first = records.first else {
      throw FileFault.malformed(file: path, line: nil, found: "found no text", expected: "records")
    }
    if first.first(where: { $0 != " " }) == "{" { return .table(.jsonl, try objects(records, path)) }
    if let scheme = tags(records, isSplit: records.count < lines.count) { return .tags(scheme: scheme) }
    let name = path.hasSuffix(".gz") ? path.dropLast(3) : path[...]
    for format in [TableFormat.tsv, .csv] {
      if let columns = table(bytes, format, isNamed: name.hasSuffix(".\(format.rawValue)")) {
        return .table(format, columns)
      }
    }
    return .text
  }

  /// The first lines, without line terminators.
  private static func lines(_ bytes: UnsafeRawBufferPointer, _ path: String) throws -> [Substring] {
    let head = bytes.prefix(1 << 20), end = head.count < bytes.count ? head.lastIndex(of: UInt8(ascii: "\n")) : nil
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard let text = String(validating: head[start..<max(end ?? head.count, start)], as: UTF8.self) else {
      throw FileFault.malformed(file: path, line: nil, found: "bytes that are not UTF-8", expected: "UTF-8 text")
    }
    return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  private static func isBlank(_ line: Substring) -> Bool { line.allSatisfy(\.isWhitespace) }

  private static func objects(_ lines: [Substring], _ path: String) throws -> [Column] {
    let objects = try lines.prefix(maxRecords).map { line in
      try JSON(parsing: Data(line.utf8), named: path).object ?? [:]
    }
    let names = Set(objects.flatMap(\.keys)).sorted()
    return names.map { name in
      let values = objects.map { $0[name] ?? .null }
      return (name, values.map(text), values.contains { $0.array != nil })
    }
  }

  /// A string, a whole number or a Boolean as text; empty for other values.
  private static func text(_ value: JSON) -> String {
    switch value {
    case .string(let text): text
    case .int(let number): "\(number)"
    case .bool(let value): "\(value)"
    default: ""
    }
  }

  /// The scheme of tagged words, in an optional; nil for other content: all lines have the same columns, and the last one
  /// has tags, or a type or O in sentences that blank lines separate.
  private static func tags(_ lines: [Substring], isSplit: Bool) -> TagScheme?? {
    let lines = lines.filter { !$0.hasPrefix("-DOCSTART-") }
    guard let first = lines.first else { return nil }
    let hasTabs = first.contains("\t")
    let rows = lines.map { hasTabs ? $0.split(separator: "\t") : $0.split(separator: " ") }
    guard rows[0].count > 1, rows.allSatisfy({ $0.count == rows[0].count }) else { return nil }
    let tags = Set(rows.map { String($0[$0.count - 1]) })
    if tags.allSatisfy({ $0 == "O" || EntityTag($0) != nil }) { return .some(nil) }
    return isSplit && tags.contains("O") && tags.allSatisfy { !$0.contains(" ") } ? .some(.io) : nil
  }

  private static func isName(_ field: String) -> Bool {
    !field.isEmpty && field.allSatisfy { $0.isLetter || $0.isNumber || "_-.#".contains($0) }
  }

  /// The columns of a table with a header; nil if rows have different numbers of fields, or only one, or if the first row
  /// does not look like a header. A file that is named a table needs several columns only.
  private static func table(_ bytes: UnsafeRawBufferPointer, _ format: TableFormat, isNamed: Bool) -> [Column]? {
    let rows = TableRows(bytes: bytes, format: format)
    var fields: [[String]] = [], offset = rows.start
    while offset < bytes.count, fields.count <= maxRecords {
      let row = rows.row(at: offset)
      if !rows.isBlank(row) { fields.append(row.fields.map(\.text)) }
      offset = row.next
    }
    guard fields.count > 1, fields[0].count > 1, Set(fields[0]).count == fields[0].count,
      isNamed || fields.allSatisfy({ $0.count == fields[0].count }) && fields[0].allSatisfy(isName)
    else { return nil }
    return fields[0].indices.map { index in
      (fields[0][index], fields.dropFirst().map { $0.indices.contains(index) ? $0[index] : "" }, false)
    }
  }
}
