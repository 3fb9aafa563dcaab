/// How data files are read into records: the settings of each format.
import Files

/// What the records of a format have, and a task requires.
package enum RecordContent: Sendable {
  /// Words with one tag each.
  case taggedWords
  /// One text or two, with labels.
  case labeledTexts
  /// Questions with contexts, and with answers in them.
  case questions
  /// Texts without labels.
  case runningText
}

package protocol DataFormat: Sendable {
  var content: RecordContent { get }
  /// The format with records of another content; nil: it has none.
  func reading(_ content: RecordContent) -> Self?
  /// The records of some files, one file after the other.
  /// - Throws: `FileFault`, and the fault of the format.
  func records(in paths: [String]) throws -> any Dataset
}

extension DataFormat {
  package func reading(_ content: RecordContent) -> Self? { content == self.content ? self : nil }
}

/// One word per line, its tag in another column, an empty line between sentences.
package struct CoNLLFormat: DataFormat {
  package var columns = CoNLLColumns()
  /// The scheme of the tags; nil: to be detected.
  package var scheme: TagScheme?
  /// The entity type of tags without one; nil: it has no name.
  package var entityType: String?
  package var content: RecordContent { .taggedWords }

  package init() {}

  package func records(in paths: [String]) throws -> any Dataset {
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
package struct TableDataFormat: DataFormat {
  package let format: TableFormat
  package var columns: RecordColumns
  /// What records are labeled with.
  package var labelKind = LabelKind.one
  /// What divides the labels of a record that may have several, and whether each is followed by _1 or _0.
  package var labelSeparator = ","
  package var labelValues = false
  /// What follows the document's id in the id of a record: the records of a document are then one record; nil: each is
  /// its own.
  package var documentSeparator: String?
  package var content: RecordContent { .labeledTexts }

  package init(_ format: TableFormat) {
    self.format = format
    columns = RecordColumns(text: "text", label: "label")
  }

  package func records(in paths: [String]) throws -> any Dataset {
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
package struct TextFormat: DataFormat {
  /// Fields of a JSON line whose texts make up the document.
  package var fields = ["text"]
  /// Whether the rest of a block is filled with the next document.
  package var pack = true
  package var content: RecordContent { .runningText }

  package init() {}

  /// The documents. They are all in memory; a task that streams them reads the files itself.
  package func records(in paths: [String]) throws -> any Dataset {
    var records: [Record] = []
    for path in paths {
      try forEachText(in: path, fields: fields) { records.append(Record(id: "\(records.count + 1)", texts: [$0])) }
    }
    return records
  }
}
