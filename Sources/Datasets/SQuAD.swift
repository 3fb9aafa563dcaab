/// Reads questions with contexts and answers from the JSON of SQuAD 1.1 and 2.0. Does not split contexts into windows.
import Files

/// The JSON of SQuAD: `{"data": [{"paragraphs": [{"context": …, "qas": [{"id", "question", "answers", "is_impossible"}]}]}]}`.
public struct SQuADFormat: DataFormat {
  public var content: RecordContent { .questions }

  public init() {}

  public func records(in paths: [String]) throws -> any Dataset { try paths.flatMap(readSQuAD) }
}

/// The questions of a SQuAD file, which may be gzipped. A record has the question and its context as texts.
///
/// - `"answers": []` is a question that its context does not answer, with "is_impossible" or without, as in the official
///   scorer; without "answers" the answers are not known.
/// - An answer that does not stand at its "answer_start" is taken where it stands nearest to it; of two equally near places,
///   the first.
/// - Ids may be strings or whole numbers. Other members are ignored.
///
/// The whole file is parsed at once. Questions of a paragraph share its context in memory.
/// - Throws: `FileFault` if the file cannot be read or is not JSON; `SQuADFault` with the first invalid questions.
public func readSQuAD(_ path: String) throws -> [Record] {
  let map = try MappedFile.decompressed(path: path)
  var reader = SQuADReader(file: path)
  try withExtendedLifetime(map) {
    if map.bytes.allSatisfy({ $0 == 0x20 || 0x09...0x0D ~= $0 }) { throw reader.fault(.noQuestions, at: "") }
    reader.read(try json(map.bytes, path))
  }
  return try reader.finish()
}

private func json(_ bytes: UnsafeRawBufferPointer, _ path: String) throws(FileFault) -> JSON {
  do throws(FileFault) {
    return try JSON(parsing: bytes, named: path)
  } catch {
    guard case .json(_, let why) = error, why.contains("not UTF-8") else { throw error }
    throw .json(file: path, why: why + " Convert the file to UTF-8, for example with iconv.")
  }
}

private struct SQuADReader {
  let file: String
  private var records: [Record] = []
  private var ids: Set<String> = []
  private var faults: [(place: String, problem: SQuADFault.Problem)] = []

  init(file: String) { self.file = file }

  func fault(_ problem: SQuADFault.Problem, at place: String) -> SQuADFault {
    SQuADFault(file: file, first: [.init(place: place, problem: problem)], count: 1)
  }

  func finish() throws(SQuADFault) -> [Record] {
    if faults.isEmpty {
      if records.isEmpty { throw fault(.noQuestions, at: "") }
      return records
    }
    throw SQuADFault(
      file: file, first: faults.prefix(maxReportedLines).map { .init(place: $0.place, problem: $0.problem) },
      count: faults.count)
  }

  mutating func read(_ root: JSON) {
    for (article, document) in list("data", of: root, "") {
      for (paragraph, place) in list("paragraphs", of: article, document) {
        read(paragraph: paragraph, place, document: "\(file): \(document)")
      }
    }
  }

  private mutating func read(paragraph: JSON, _ place: String, document: String) {
    let context: String
    do throws(SQuADFault.Problem) { context = try text("context", of: paragraph) } catch {
      return faults.append((place, error))
    }
    var scalars: [Unicode.Scalar]?
    for (question, place) in list("qas", of: paragraph, place) {
      let id = question["id"].flatMap { $0.string ?? $0.int.map { "\($0)" } }
      do throws(SQuADFault.Problem) {
        guard let id else { throw wrong("id", of: question, expected: "a string or a whole number") }
        guard ids.insert(id).inserted else { throw .repeatedID }
        let all = scalars ?? Array(context.unicodeScalars)
        scalars = all
        records.append(
          Record(
            id: id, texts: [try text("question", of: question), context], answers: try answers(to: question, in: all),
            source: .init(file: file, line: nil, record: ids.count, document: document)))
      } catch {
        faults.append((place + (id.map { " (id \(quoted($0)))" } ?? ""), error))
      }
    }
  }

  /// The elements of a list with their places; none, and a fault, if there is no list.
  private mutating func list(_ key: String, of parent: JSON, _ place: String) -> [(JSON, String)] {
    let path = place.isEmpty ? key : "\(place).\(key)"
    guard let elements = parent[key]?.array else {
      faults.append((place, wrong(key, of: parent, expected: "a list")))
      return []
    }
    return elements.enumerated().map { ($1, "\(path)[\($0)]") }
  }

  private func text(_ key: String, of parent: JSON) throws(SQuADFault.Problem) -> String {
    guard let text = parent[key]?.string else { throw wrong(key, of: parent, expected: "a string") }
    guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { throw .emptyText(key) }
    return text
  }

  private func answers(
    to question: JSON, in context: [Unicode.Scalar]
  ) throws(SQuADFault.Problem) -> [Answer]? {
    let isImpossible = question["is_impossible"]?.bool ?? false
    guard let value = question["answers"] else { return isImpossible ? [] : nil }
    guard let list = value.array else { throw wrong("answers", of: question, expected: "a list") }
    if isImpossible, !list.isEmpty { throw .impossibleWithAnswers }
    return try list.map { (answer) throws(SQuADFault.Problem) in
      let text = try text("text", of: answer), scalars = Array(text.unicodeScalars)
      guard let stated = answer["answer_start"]?.int else {
        throw wrong("answer_start", of: answer, expected: "a whole number")
      }
      guard let start = nearest(scalars, in: context, to: stated) else { throw .answerNotFound(text, start: stated) }
      return Answer(text, start: start, statedStart: start == stated ? nil : stated)
    }
  }

  private func wrong(_ key: String, of parent: JSON, expected: String) -> SQuADFault.Problem {
    .wrongType(key: key, found: parent[key]?.typeName, expected: expected)
  }
}

/// The position nearest to `start` at which `text` contains `part`; of two equally near ones, the first.
private func nearest(_ part: [Unicode.Scalar], in text: [Unicode.Scalar], to start: Int) -> Int? {
  guard let first = part.first, part.count <= text.count else { return nil }
  let last = text.count - part.count, start = min(max(start, -1), last + 1)
  for distance in 0...last + 1 {
    for position in [start - distance, start + distance]
    where 0...last ~= position && text[position] == first
      && text[position..<position + part.count].elementsEqual(part)
    { return position }
  }
  return nil
}
