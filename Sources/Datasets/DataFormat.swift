/// How data files are read into records: the settings of each format.
import Files

/// What the records of a format have, and a task requires.
public enum RecordContent: Sendable {
  /// Words with one tag each.
  case taggedWords
  /// One text or two, with labels.
  case labeledTexts
  /// Questions with contexts, and with answers in them.
  case questions
  /// Texts without labels.
  case runningText
}

public protocol DataFormat: Sendable {
  var content: RecordContent { get }
  /// The format with records of another content; nil: it has none.
  func reading(_ content: RecordContent) -> Self?
  /// The records of some files, one file after the other.
  /// - Throws: `FileFault`, and the fault of the format.
  func records(in paths: [String]) throws -> any Dataset
}

extension DataFormat {
  public func reading(_ content: RecordContent) -> Self? { content == self.content ? self : nil }
}

/// One word per line, its tag in another column, an empty line between sentences.
public struct CoNLLFormat: DataFormat {
  public var columns = CoNLLColumns()
  /// The scheme of the tags; nil: to be detected.
  public var scheme: TagScheme?
  /// The entity type of tags without one; nil: it has no name.
  public var entityType: String?
  public var content: RecordContent { .taggedWords }

  public init() {}

  public func records(in paths: [String]) throws -> any Dataset {
    try paths.flatMap { path in
      let records = try readCoNLL(path, columns: columns, scheme: scheme)
      if scheme == .io || entityType != nil { try check(Set(records.lazy.flatMap(\.tags)).subtracting(["O"]), path) }
      return records
    }
  }

  /// Throws if the settings do not suit the tags: IO, though every tag has a prefix, or a name for tags without a type,
  /// though every tag has one.
  private func check(_ tags: Set<String>, _ path: String) throws(FileFault) {
    guard let example = tags.min() else { return }
    if scheme == .io, tags.allSatisfy({ $0.utf8.count > 1 && EntityTag($0) != nil }) {
      throw .malformed(
        file: path, line: nil, found: "tags with prefixes, such as \(example)",
        expected: "types without a prefix for data.scheme \"io\"; with \"auto\" the scheme is detected")
    }
    if entityType != nil, scheme != .io, tags.allSatisfy({ $0.utf8.count > 1 }) {
      throw .malformed(
        file: path, line: nil, found: "tags with a type, such as \(example)",
        expected: "tags without one (B, I) for data.entity_type; remove the key")
    }
  }
}

/// Tables with named columns.
public struct TableDataFormat: DataFormat {
  public let format: TableFormat
  public var columns: RecordColumns
  /// What records are labeled with.
  public var labelKind = LabelKind.one
  /// What divides the labels of a record that may have several, and whether each is followed by _1 or _0.
  public var labelSeparator = ","
  public var labelValues = false
  /// What follows the document's id in the id of a record: the records of a document are then one record; nil: each is
  /// its own.
  public var documentSeparator: String?
  public var content: RecordContent { .labeledTexts }

  public init(_ format: TableFormat) {
    self.format = format
    columns = RecordColumns(text: "text", label: "label")
  }

  public func records(in paths: [String]) throws -> any Dataset {
    var columns = columns
    columns.labelForm = labelForm
    return ConcatenatedDataset(
      try paths.map { path -> any Dataset in
        let table = try TableDataset(path: path, format: format, columns: columns)
        return try documentSeparator.map { try DocumentDataset(table, separator: $0) } ?? table
      })
  }
}

extension TableDataFormat {
  private var labelForm: LabelForm {
    switch labelKind {
    case .one: .one
    case .set: .set(separator: labelSeparator, hasValues: labelValues)
    case .number: .number
    case .span: preconditionFailure("tables have no answers")
    }
  }
}

/// Running text, one document per line, as plain text or JSON.
public struct TextFormat: DataFormat {
  /// Fields of a JSON line whose texts make up the document.
  public var fields = ["text"]
  /// Whether the rest of a block is filled with the next document.
  public var pack = true
  public var content: RecordContent { .runningText }

  public init() {}

  /// The documents. They are all in memory; a task that streams them reads the files itself.
  public func records(in paths: [String]) throws -> any Dataset {
    var records: [Record] = []
    for path in paths {
      try forEachText(in: path, fields: fields) { records.append(Record(id: "\(records.count + 1)", texts: [$0])) }
    }
    return records
  }
}
