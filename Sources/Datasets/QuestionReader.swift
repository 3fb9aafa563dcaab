/// What the readers of questions in JSON share: the file, the ids so far, and the faults with their places.
import Files

/// The questions of a file of SQuAD's or BioASQ's JSON, with their answers if the file has them; of BioASQ those that ask for
/// one answer or for a list.
/// - Throws: as `readSQuAD`.
package func readQuestions(_ path: String) throws -> [Record] {
  try QuestionReader.records(in: path, as: .squad) { reader, root in
    if root["questions"] == nil { return reader.readSQuAD(root) }
    reader.format = .bioasq
    reader.readBioASQ(root, BioASQFormat(), isLabeled: false)
  }
}

struct QuestionReader {
  let file: String
  var format: QuestionFault.Format
  var records: [Record] = []
  private var ids: Set<String> = []
  private var faults: [QuestionFault.Place] = []

  init(file: String, format: QuestionFault.Format) { (self.file, self.format) = (file, format) }

  /// The records that `read` adds for the file's JSON. The whole file is parsed at once; it may be gzipped.
  /// - Throws: `FileFault` if the file cannot be read or is not JSON; `QuestionFault` with the first invalid places, or if
  ///   there are no records.
  static func records(
    in path: String, as format: QuestionFault.Format, _ read: (inout QuestionReader, JSON) -> Void
  ) throws -> [Record] {
    var reader = QuestionReader(file: path, format: format)
    let map = try MappedFile.decompressed(path: path)
    try withExtendedLifetime(map) {
      if map.bytes.allSatisfy({ $0 == 0x20 || 0x09...0x0D ~= $0 }) { return }
      read(&reader, try json(map.bytes, path))
    }
    if reader.faults.isEmpty, reader.records.isEmpty { reader.fail(.noQuestions, at: "") }
    guard reader.faults.isEmpty else {
      throw QuestionFault(
        file: path, format: reader.format, first: Array(reader.faults.prefix(maxReportedLines)),
        count: reader.faults.count)
    }
    return reader.records
  }

  mutating func fail(_ problem: QuestionFault.Problem, at place: String) {
    faults.append(.init(place: place, problem: problem))
  }

  /// The id of a question, which no other may have.
  mutating func id(of question: JSON) throws(QuestionFault.Problem) -> String {
    guard let id = question.questionID else { throw wrong("id", of: question, expected: "a string or a whole number") }
    guard ids.insert(id).inserted else { throw .repeatedID }
    return id
  }

  /// Where a new record stands in the file.
  func source(document: String? = nil) -> Record.SourceLocation {
    .init(file: file, line: nil, record: ids.count, document: document)
  }

  /// The elements of a list with their places; none, and a fault, if there is no list.
  mutating func list(_ key: String, of parent: JSON, _ place: String) -> [(JSON, String)] {
    let path = place.isEmpty ? key : "\(place).\(key)"
    guard let elements = parent[key]?.array else {
      fail(wrong(key, of: parent, expected: "a list"), at: place)
      return []
    }
    return elements.enumerated().map { ($1, "\(path)[\($0)]") }
  }

  func text(_ key: String, of parent: JSON) throws(QuestionFault.Problem) -> String {
    guard let text = parent[key]?.string else { throw wrong(key, of: parent, expected: "a string") }
    if isBlank(text) { throw .emptyText(key) }
    return text
  }

  func wrong(_ key: String, of parent: JSON, expected: String) -> QuestionFault.Problem {
    .wrongType(key: key, found: parent[key]?.typeName, expected: expected)
  }
}

extension JSON {
  /// "id" as text.
  var questionID: String? { self["id"].flatMap { $0.string ?? $0.int.map { "\($0)" } } }
}

private func json(_ bytes: UnsafeRawBufferPointer, _ path: String) throws(FileFault) -> JSON {
  do throws(FileFault) {
    return try JSON(parsing: bytes, named: path)
  } catch {
    guard case .json(_, let why) = error, why.contains("not UTF-8") else { throw error }
    throw .json(file: path, why: why + " Convert the file to UTF-8, for example with iconv.")
  }
}
