/// Reads questions with contexts and answers from the JSON of SQuAD 1.1 and 2.0. Does not split contexts into windows.
import Files

/// The JSON of SQuAD: `{"data": [{"paragraphs": [{"context": …, "qas": [{"id", "question", "answers", "is_impossible"}]}]}]}`.
package struct SQuADFormat: DataFormat {
  package var content: RecordContent { .questions }

  package init() {}

  package func records(in paths: [String]) throws -> any Dataset { try paths.flatMap(readSQuAD) }
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
/// - Throws: `FileFault` if the file cannot be read or is not JSON; `QuestionFault` with the first invalid questions.
package func readSQuAD(_ path: String) throws -> [Record] {
  try QuestionReader.records(in: path, as: .squad) { $0.readSQuAD($1) }
}

extension QuestionReader {
  mutating func readSQuAD(_ root: JSON) {
    for (article, document) in list("data", of: root, "") {
      for (paragraph, place) in list("paragraphs", of: article, document) {
        read(paragraph: paragraph, place, document: "\(file): \(document)")
      }
    }
  }

  private mutating func read(paragraph: JSON, _ place: String, document: String) {
    let context: String
    do throws(QuestionFault.Problem) { context = try text("context", of: paragraph) } catch {
      return fail(error, at: place)
    }
    var scalars: [Unicode.Scalar]?
    for (question, place) in list("qas", of: paragraph, place) {
      do throws(QuestionFault.Problem) {
        let id = try id(of: question), all = scalars ?? Array(context.unicodeScalars)
        scalars = all
        records.append(
          Record(
            id: id, texts: [try text("question", of: question), context], answers: try answers(to: question, in: all),
            source: source(document: document)))
      } catch {
        fail(error, at: place + (question.questionID.map { " (id \(quoted($0)))" } ?? ""))
      }
    }
  }

  private func answers(
    to question: JSON, in context: [Unicode.Scalar]
  ) throws(QuestionFault.Problem) -> [Answer]? {
    let isImpossible = question["is_impossible"]?.bool ?? false
    guard let value = question["answers"] else { return isImpossible ? [] : nil }
    guard let list = value.array else { throw wrong("answers", of: question, expected: "a list") }
    if isImpossible, !list.isEmpty { throw .impossibleWithAnswers }
    return try list.map { (answer) throws(QuestionFault.Problem) in
      let text = try text("text", of: answer), scalars = Array(text.unicodeScalars)
      guard let stated = answer["answer_start"]?.int else {
        throw wrong("answer_start", of: answer, expected: "a whole number")
      }
      guard let start = nearest(scalars, in: context, to: stated) else { throw .answerNotFound(text, start: stated) }
      return Answer(text, start: start, statedStart: start == stated ? nil : stated)
    }
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
