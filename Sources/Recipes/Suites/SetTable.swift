/// The rows of a suite's TSV or JSON files, whose columns have different names in different layouts. Knows no data set.
import Files
import FoundationEssentials

struct SetTable {
  /// What a column has.
  enum Role: String {
    case id, text, first, second, label

    /// The names that suites give it, in lower case.
    var names: [String] {
      switch self {
      case .id: ["id", "index", "pair_id"]
      case .text: ["sentence", "text"]
      case .first: ["sentence1", "sent1", "question"]
      case .second: ["sentence2", "sent2", "context"]
      case .label: ["label", "labels", "score", "gold_label"]
      }
    }
  }

  struct Row {
    let file: String
    let line: Int
    fileprivate let fields: [String: JSON]
  }

  let rows: [Row]

  /// - Parameters:
  ///   - path: TSV, or by its first character JSON lines or a JSON list.
  ///   - columns: those of a TSV file without a header.
  /// - Throws: `FileFault`.
  init(_ path: String, columns: [Role]) throws {
    let text = try readText(path, limit: .max)
    switch text.unicodeScalars.first(where: { !$0.properties.isWhitespace && $0 != "\u{FEFF}" }) {
    case "{":
      let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false)
      rows = try lines.enumerated().compactMap { index, line in
        if line.allSatisfy({ $0 == 32 || (9...13).contains($0) }) { return nil }
        let json = try Data(line).withUnsafeBytes { bytes throws(FileFault) in
          try JSON(parsingLine: bytes, named: "\(path):\(index + 1)")
        }
        return try Self.row(json, path, index + 1)
      }
    case "[":
      rows = try (JSON(path: path).array ?? []).enumerated().map { try Self.row($1, path, $0 + 1) }
    default: rows = try Self.tsv(text, path, columns)
    }
    if rows.isEmpty {
      throw FileFault.malformed(file: path, line: nil, found: "found no rows", expected: "TSV or JSON lines")
    }
  }

  private static func row(_ json: JSON, _ path: String, _ line: Int) throws(FileFault) -> Row {
    guard let members = json.object else {
      throw .malformed(file: path, line: line, found: "found \(json.typeName)", expected: "a JSON object")
    }
    return Row(file: path, line: line, fields: members)
  }

  /// There is a header if a field of the first line is the name of a label's column.
  private static func tsv(_ text: String, _ path: String, _ columns: [Role]) throws -> [Row] {
    var names: [String] = [], rows: [Row] = []
    for (index, line) in text.utf8.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      let bytes = line.last == 13 ? line.dropLast() : line
      if bytes.isEmpty { continue }
      let fields = bytes.split(separator: 9, omittingEmptySubsequences: false).map { String(Substring($0)) }
      if names.isEmpty {
        names = fields.map { $0.replacing("\u{FEFF}", with: "").lowercased() }
        if names.contains(where: Role.label.names.contains) { continue }
        guard fields.count == columns.count else {
          throw FileFault.malformed(
            file: path, line: index + 1, found: "found \(fields.count) columns and no header",
            expected:
              "\(columns.count) columns (\(columns.map(\.rawValue).joined(separator: ", "))), or a header with 'label'")
        }
        names = columns.map { $0.names[0] }
      }
      guard fields.count == names.count else {
        throw FileFault.malformed(
          file: path, line: index + 1, found: "found \(fields.count) columns",
          expected: "\(names.count) columns, as in the first line")
      }
      rows.append(
        Row(
          file: path, line: index + 1,
          fields: Dictionary(zip(names, fields.map(JSON.string))) { first, _ in first }))
    }
    return rows
  }
}

extension SetTable.Row {
  /// - Throws: `FileFault` if no column has this role.
  func value(_ role: SetTable.Role) throws(FileFault) -> JSON {
    for name in role.names {
      if let value = fields[name] { return value }
    }
    throw fault(
      "found the columns \(fields.keys.sorted().prefix(20).map { printable($0) }.joined(separator: ", "))",
      expected: "one named " + role.names.joined(separator: " or "))
  }

  /// A text that is not empty, without white space at its ends.
  func text(_ role: SetTable.Role) throws(FileFault) -> String {
    let value = try value(role), text = value.string.map(withoutOuterSpace) ?? value.int.map(String.init) ?? ""
    guard !text.isEmpty else {
      throw fault("found \(value.shown) as \(role.rawValue)", expected: "a text that is not empty")
    }
    return text
  }

  /// The line's number if there is no column of ids.
  var id: String { (try? text(.id)) ?? String(line) }

  func number(_ role: SetTable.Role) throws(FileFault) -> Double {
    let value = try value(role)
    guard let number = value.number ?? value.string.flatMap({ Double(withoutOuterSpace($0)) }), number.isFinite else {
      throw fault("found \(value.shown) as \(role.rawValue)", expected: "a number")
    }
    return number
  }

  func fault(_ found: String, expected: String) -> FileFault {
    .malformed(file: file, line: line, found: found, expected: expected)
  }
}

func withoutOuterSpace(_ text: String) -> String {
  let scalars = text.unicodeScalars.drop { $0.properties.isWhitespace }
  guard let last = scalars.lastIndex(where: { !$0.properties.isWhitespace }) else { return "" }
  return String(scalars[...last])
}
