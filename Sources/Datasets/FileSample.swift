/// The beginning of a data file, and the format that it is in. Does not choose a task.
import Files
import FoundationEssentials

/// ```swift
/// switch try FileSample(path: "train.tsv").content {
/// case .tags(let tags): …              // words with tags, in columns
/// case .table(let format, let columns): …
/// case .text: …                        // running text
/// }
/// ```
package struct FileSample {
  /// A column of a table.
  package struct Column: Sendable, Equatable {
    package let name: String
    /// Those of the sampled records, an empty one where a record has no text or number.
    package let values: [String]
    /// Whether some value is a list.
    package var hasLists = false
    /// The line of the first record without a value; nil: it is not known, or none is.
    package var emptyLine: Int?
  }

  package enum Content {
    /// One word and its tag per line.
    case tags(TagColumns)
    case table(TableFormat, [Column])
    case text
  }

  private static let maxRecords = 500
  package let content: Content
  /// The first line that is not blank.
  package let firstLine: String
  /// What is wrong with rows of the table, whose values are not among those of its columns; nil: nothing.
  package let badRows: TableFault?

  /// - Throws: `FileFault` if the file cannot be read, is empty, is not UTF-8, or has JSON lines of which none is an object;
  ///   `TableFault` for a header whose quotes are wrong.
  package init(path: String) throws {
    let map = try MappedFile.decompressed(path: path)
    (content, firstLine, badRows) = try withExtendedLifetime(map) { try Self.content(of: map.bytes, path) }
  }

  private static func content(
    of bytes: UnsafeRawBufferPointer, _ path: String
  ) throws -> (Content, firstLine: String, TableFault?) {
    var lines = try lines(bytes, path)
    while lines.last.map(isBlank) == true { lines.removeLast() }
    let records = lines.filter { !isBlank($0) }
    guard let first = records.first.map(String.init) else {
      throw FileFault.malformed(file: path, line: nil, found: "found no text", expected: "records")
    }
    if first.first(where: { $0 != " " }) == "{" { return (.table(.jsonl, try objects(lines, path)), first, nil) }
    if let tags = TagColumns(records, isSplit: records.count < lines.count) { return (.tags(tags), first, nil) }
    let name = path.hasSuffix(".gz") ? path.dropLast(3) : path[...]
    for format in [TableFormat.tsv, .csv] {
      let isNamed = name.hasSuffix(".\(format.rawValue)")
      if let table = try TableSample(bytes, format, isNamed: isNamed, path) {
        return (.table(format, table.columns), first, table.fault)
      }
    }
    return (.text, first, nil)
  }

  /// The first lines, without line terminators.
  private static func lines(_ bytes: UnsafeRawBufferPointer, _ path: String) throws -> [Substring] {
    let head = bytes.prefix(1 << 20), end = head.count < bytes.count ? head.lastIndex(of: UInt8(ascii: "\n")) : nil
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let text = head[start..<max(end ?? head.count, start)]
    guard let valid = String(validating: text, as: UTF8.self) else {
      let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
      throw FileFault.malformed(
        file: path, line: line.map { $0 + 1 }, found: "found bytes that are not UTF-8",
        expected: "UTF-8 text; convert the file, for example with iconv")
    }
    return valid.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  private static func isBlank(_ line: Substring) -> Bool { line.allSatisfy(\.isWhitespace) }

  /// The columns of the lines that are objects: the reader names the others, unless all are such.
  private static func objects(_ lines: [Substring], _ path: String) throws -> [Column] {
    var objects: [[String: JSON]] = [], fault: FileFault?
    for (index, line) in lines.enumerated() where !isBlank(line) && objects.count < maxRecords {
      do {
        if let object = try JSON(parsing: Data(line.utf8), named: path).object { objects.append(object) }
      } catch FileFault.json(_, let why) {
        fault =
          fault
          ?? .malformed(
            file: path, line: index + 1,
            found: "found invalid JSON (\(why.hasSuffix(".") ? String(why.dropLast()) : why))",
            expected: "one JSON object per line")
      }
    }
    if objects.isEmpty, let fault { throw fault }
    let names = Set(objects.flatMap(\.keys)).sorted()
    return names.map { name in
      let values = objects.map { $0[name] ?? .null }
      return Column(name: name, values: values.map(text), hasLists: values.contains { $0.array != nil })
    }
  }

  /// A string, a number or a Boolean as text; empty for other values.
  private static func text(_ value: JSON) -> String {
    switch value {
    case .string(let text): text
    case .int(let number): "\(number)"
    case .double(let number): "\(number)"
    case .bool(let value): "\(value)"
    default: ""
    }
  }
}
