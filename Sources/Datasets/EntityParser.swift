/// Reads the entities of a record of a table: their spans from columns, or from marks in the text.
package import Files

extension EntityForms {
  /// The text without marks, and its entities.
  /// - Parameter cell: the value of a column.
  /// - Throws: what is wrong with a span: another type, outside the text, overlapping with the other; or with the marks.
  package func read(
    _ text: String, _ cell: (String) throws(TableFault.Problem) -> JSON
  ) throws(TableFault.Problem) -> (text: String, entities: EntityPair) {
    let scalars = Array(text.unicodeScalars)
    if let subject = subject.marks, let object = object.marks { return try unmarked(scalars, subject, object) }
    let pair = EntityPair(subject: try mention(subject, cell), object: try mention(object, cell))
    for (form, mention) in zip([subject, object], pair.mentions) where mention.range.upperBound > scalars.count {
      throw .spanOutside(column: form.column ?? "", mention.range, count: scalars.count)
    }
    try checkOverlap(pair.subject.range, pair.object.range, scalars)
    return (text, pair)
  }

  private func mention(
    _ form: EntityForm, _ cell: (String) throws(TableFault.Problem) -> JSON
  ) throws(TableFault.Problem) -> EntityMention {
    let column = form.column ?? "", json = try cell(column)
    guard let span = CellSpan(json), 0 <= span.start, span.start < span.end else {
      let found = json.string.map { quoted($0) } ?? (json.object == nil && json.array == nil ? json.typeName : nil)
      throw .wrongType(
        column: column, found: found ?? escaped(json.text(pretty: false)),
        expected:
          "a span of code points, as [3, 10], {\"start\": 3, \"end\": 10, \"type\": \"GENE\"} or the text \"GENE 3 10\""
      )
    }
    return EntityMention(span.start..<span.end, type: span.type ?? form.type)
  }

  /// The text without the marks around both entities.
  private func unmarked(
    _ text: [Unicode.Scalar], _ subjectMarks: [String], _ objectMarks: [String]
  ) throws(TableFault.Problem) -> (text: String, entities: EntityPair) {
    let subject = try find(subjectMarks, in: text), object = try find(objectMarks, in: text)
    try checkOverlap(
      subject.opening.lowerBound..<subject.closing.upperBound, object.opening.lowerBound..<object.closing.upperBound,
      text)
    let marks = [subject.opening, subject.closing, object.opening, object.closing]
    func moved(_ marked: MarkedEntity, _ type: String?) -> EntityMention {
      let removed = marks.reduce(0) { $0 + ($1.lowerBound < marked.opening.upperBound ? $1.count : 0) }
      let start = marked.opening.upperBound - removed
      return EntityMention(start..<start + marked.closing.lowerBound - marked.opening.upperBound, type: type)
    }
    var kept = String.UnicodeScalarView()
    for (index, scalar) in text.enumerated() where !marks.contains(where: { $0.contains(index) }) {
      kept.append(scalar)
    }
    return (
      String(kept), EntityPair(subject: moved(subject, self.subject.type), object: moved(object, self.object.type))
    )
  }
}

/// A span as a cell gives it.
private struct CellSpan {
  let start, end: Int
  let type: String?

  init?(_ json: JSON) {
    let parts =
      json.array ?? json.string.map { Self.parts(of: $0) }
      ?? [json["start"], json["end"], json["type"]]
      .compactMap { $0 }
    guard (2...3).contains(parts.count), let start = parts[0].int, let end = parts[1].int else { return nil }
    (self.start, self.end, type) = (start, end, parts.count == 3 ? parts[2].string : nil)
    if parts.count == 3, parts[2] != .null, type?.isEmpty ?? true { return nil }
  }

  /// Start, end and type of "GENE 3 10", in the order of brat's files.
  private static func parts(of text: String) -> [JSON] {
    let words = text.split(separator: " "), numbers = words.suffix(2).compactMap { Int($0) }
    guard words.count == 2 || words.count == 3, numbers.count == 2 else { return [] }
    return numbers.map(JSON.int) + words.dropLast(2).map { .string(String($0)) }
  }
}

/// Where the marks around an entity are.
private struct MarkedEntity {
  let opening, closing: Range<Int>
}

/// The only opening mark, and the first closing mark after it: texts may have further closing marks, as in chemical names.
private func find(_ marks: [String], in text: [Unicode.Scalar]) throws(TableFault.Problem) -> MarkedEntity {
  let openings = ranges(of: marks[0], in: text, from: 0)
  guard openings.count == 1 else { throw .marks(marks, openings: openings.count) }
  // An entity has at least one character.
  guard let closing = ranges(of: marks[1], in: text, from: openings[0].upperBound + 1).first else {
    throw .marks(marks, openings: 1)
  }
  return MarkedEntity(opening: openings[0], closing: closing)
}

private func ranges(of mark: String, in text: [Unicode.Scalar], from start: Int) -> [Range<Int>] {
  let mark = Array(mark.unicodeScalars)
  guard start + mark.count <= text.count else { return [] }
  return (start...text.count - mark.count).compactMap { index in
    let range = index..<index + mark.count
    return text[range].elementsEqual(mark) ? range : nil
  }
}

private func checkOverlap(
  _ subject: Range<Int>, _ object: Range<Int>, _ text: [Unicode.Scalar]
) throws(TableFault.Problem) {
  if !subject.overlaps(object) { return }
  func excerpt(_ range: Range<Int>) -> String { text[range].map { String($0) }.joined() }
  throw .overlappingEntities(excerpt(subject), excerpt(object))
}
