/// Reads the questions of BioASQ's task B, and finds their answers in the snippets.
import Files

/// The JSON of BioASQ: `{"questions": [{"id", "type", "body", "snippets": [{"text"}], "exact_answer"}]}`.
package struct BioASQFormat: DataFormat {
  /// `questions`: those that ask for one answer or for a list; `labeledTexts`: those that are answered by yes or no.
  package private(set) var content = RecordContent.questions
  /// The types of questions that are read; nil: both.
  package var questionTypes: [ExactAnswer.Kind]?

  package init() {}

  package func reading(_ content: RecordContent) -> BioASQFormat? {
    guard content == .questions || content == .labeledTexts else { return nil }
    var copy = self
    copy.content = content
    return copy
  }

  /// The records of labeled files, in which every yes/no question has its answer.
  package func records(in paths: [String]) throws -> any Dataset { try paths.flatMap { try questions(in: $0) } }

  /// The records of a file, which may be gzipped. Other kinds of questions are left out.
  ///
  /// - A question for one answer or a list has itself and its snippets as texts, or an empty text without snippets, and
  ///   its answers wherever they stand in them: see `occurrences`.
  /// - One for yes or no has itself and all snippets, joined by spaces, as a pair of texts. An answer that contains "yes" is yes,
  ///   else one that contains "no" is no, as for BioASQ's evaluation program.
  /// - "exact_answer" may be a string, a list of synonyms (of a list question: of answers), or a list of lists of synonyms.
  /// - Parameter isLabeled: whether yes/no questions without an answer are faults.
  /// - Throws: `FileFault` if the file cannot be read or is not JSON; `QuestionFault` with the first invalid questions.
  package func questions(in path: String, isLabeled: Bool = true) throws -> [Record] {
    try QuestionReader.records(in: path, as: .bioasq) { $0.readBioASQ($1, self, isLabeled: isLabeled) }
  }
}

extension QuestionReader {
  mutating func readBioASQ(_ root: JSON, _ format: BioASQFormat, isLabeled: Bool) {
    for (question, place) in list("questions", of: root, "") {
      do throws(QuestionFault.Problem) {
        let id = try id(of: question), type = try text("type", of: question)
        if let kind = ExactAnswer.Kind(rawValue: type) {
          guard format.content == .questions, format.questionTypes?.contains(kind) ?? true else { continue }
          records.append(try record(question, id, kind))
        } else if type == "yesno" {
          if format.content == .labeledTexts { records.append(try yesOrNo(question, id, isLabeled: isLabeled)) }
        } else if type != "summary" {
          throw .unknownType(type)
        }
      } catch {
        fail(error, at: place + (question.questionID.map { " (id \(quoted($0)))" } ?? ""))
      }
    }
  }

  private func record(
    _ question: JSON, _ id: String, _ kind: ExactAnswer.Kind
  ) throws(QuestionFault.Problem) -> Record {
    let snippets = try snippets(of: question), answers = try exactAnswers(to: question, kind)
    return Record(
      id: id, texts: [try text("body", of: question)] + (snippets.isEmpty ? [""] : snippets),
      answers: answers.map { occurrences(of: $0.flatMap(\.self), in: snippets) },
      exactAnswer: ExactAnswer(kind, answers),
      source: source())
  }

  private func yesOrNo(_ question: JSON, _ id: String, isLabeled: Bool) throws(QuestionFault.Problem) -> Record {
    let texts = [try text("body", of: question), try snippets(of: question).joined(separator: " ")]
    if !isLabeled, question["exact_answer"] ?? .null == .null { return Record(id: id, texts: texts, source: source()) }
    let given = question["exact_answer"]?.array?.first ?? question["exact_answer"]
    guard let answer = given?.string else { throw wrong("exact_answer", of: question, expected: "'yes' or 'no'") }
    guard let label = ["yes", "no"].first(where: answer.lowercased().contains) else { throw .notYesOrNo(answer) }
    return Record(id: id, texts: texts, labels: [label], source: source())
  }

  /// Without those that are blank.
  private func snippets(of question: JSON) throws(QuestionFault.Problem) -> [String] {
    guard let value = question["snippets"], value != .null else { return [] }
    guard let snippets = value.array else { throw wrong("snippets", of: question, expected: "a list") }
    return try snippets.map { (snippet) throws(QuestionFault.Problem) in
      guard let text = snippet["text"]?.string else { throw wrong("text", of: snippet, expected: "a string") }
      return text
    }.filter { !isBlank($0) }
  }

  /// nil: they are not known.
  private func exactAnswers(
    to question: JSON, _ kind: ExactAnswer.Kind
  ) throws(QuestionFault.Problem) -> [[String]]? {
    let value = question["exact_answer"] ?? .null
    if value == .null || value == "" || value == [] { return nil }
    let strings = value.string.map { [$0] } ?? value.array?.compactMap(\.string)
    let lists = value.array?.compactMap { $0.array?.compactMap(\.string) }
    let answers: [[String]]
    if let lists, lists.count == value.array?.count, lists.map(\.count) == value.array?.map({ $0.array?.count ?? 0 }) {
      answers = lists
    } else if let strings, value.string != nil || strings.count == value.array?.count {
      answers = kind == .list ? strings.map { [$0] } : [strings]
    } else {
      throw wrong("exact_answer", of: question, expected: "a list of lists of strings: answers with their synonyms")
    }
    if answers.contains(where: { $0.isEmpty || $0.contains(where: isBlank) }) { throw .emptyText("exact_answer") }
    return answers
  }
}

/// Where answers stand in contexts: as whole words, in upper or lower case. Of places that overlap the longest counts, of
/// equally long ones the first.
func occurrences(of answers: [String], in contexts: [String]) -> [Answer] {
  let parts = Set(answers.map { folded(trimmed($0)) })
  return contexts.enumerated().flatMap { number, context -> [Answer] in
    let scalars = Array(context.unicodeScalars), text = folded(scalars[...])
    let found = parts.flatMap { part in
      text.indices.filter { isWord($0, part, in: text) }.map { $0..<$0 + part.count }
    }.sorted { ($1.count, $0.lowerBound) < ($0.count, $1.lowerBound) }
    var kept: [Range<Int>] = []
    for range in found where !kept.contains(where: range.overlaps) { kept.append(range) }
    return kept.sorted { $0.lowerBound < $1.lowerBound }.map { range in
      var text = String.UnicodeScalarView()
      text.append(contentsOf: scalars[range])
      return Answer(String(text), context: number, start: range.lowerBound)
    }
  }
}

/// Whether the text has the part at a position, and no letter or digit beside one of the part.
private func isWord(_ start: Int, _ part: [Unicode.Scalar], in text: [Unicode.Scalar]) -> Bool {
  let end = start + part.count
  guard let first = part.first, let last = part.last, end <= text.count, text[start] == first,
    text[start..<end].elementsEqual(part)
  else { return false }
  let isOpen = start > 0 && isWordCharacter(text[start - 1]) && isWordCharacter(first)
  return !isOpen && !(end < text.count && isWordCharacter(text[end]) && isWordCharacter(last))
}

private func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
  scalar.properties.isAlphabetic || scalar.properties.numericType != nil
}

/// In lower case, code point by code point.
private func folded(_ text: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
  text.map { scalar in
    let lower = scalar.properties.lowercaseMapping.unicodeScalars
    return lower.count == 1 ? lower[lower.startIndex] : scalar
  }
}

private func trimmed(_ text: String) -> ArraySlice<Unicode.Scalar> {
  let scalars = Array(text.unicodeScalars)
  let start = scalars.firstIndex { !$0.properties.isWhitespace } ?? scalars.endIndex
  let end = scalars.lastIndex { !$0.properties.isWhitespace } ?? start - 1
  return scalars[start..<end + 1]
}
