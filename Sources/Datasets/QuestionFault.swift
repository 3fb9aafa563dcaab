/// Errors in the content of a file of questions in JSON. A file that cannot be read is a `FileFault`.

package struct QuestionFault: Error, Equatable {
  package let file: String
  package let format: Format
  /// The first invalid places, at most five.
  package let first: [Place]
  package let count: Int

  package enum Format: Sendable { case squad, bioasq }

  package struct Place: Sendable, Equatable {
    /// "data[0].paragraphs[1].qas[2] (id '7')"; empty: the file.
    package let place: String
    package let problem: Problem
  }

  package enum Problem: Error, Equatable {
    /// `found` is nil if the key is missing.
    case wrongType(key: String, found: String?, expected: String)
    case emptyText(String)
    case repeatedID
    /// The context does not contain the answer.
    case answerNotFound(String, start: Int)
    case impossibleWithAnswers
    case noQuestions
    /// The "type" of a question of BioASQ.
    case unknownType(String)
    /// The answer to a yes/no question of BioASQ.
    case notYesOrNo(String)
  }
}

extension QuestionFault: DataFault {
  package var withoutText: QuestionFault {
    let places = first.map { place -> Place in
      switch place.problem {
      case .answerNotFound(_, let start): return Place(place: place.place, problem: .answerNotFound("…", start: start))
      case .notYesOrNo: return Place(place: place.place, problem: .notYesOrNo("…"))
      default: return place
      }
    }
    return QuestionFault(file: file, format: format, first: places, count: count)
  }
}

extension QuestionFault: CustomStringConvertible {
  package var description: String {
    let lines = first.map { "\(file): \($0.place)\($0.place.isEmpty ? "" : ": ")\($0.problem)" }
    return report(lines, of: count, noun: "places", advice: first.map { $0.problem.advice(format) })
  }
}

extension QuestionFault.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .wrongType(let key, nil, let expected): "found no '\(key)'; expected \(expected)"
    case .wrongType(let key, let found?, let expected): "found \(found) in '\(key)'; expected \(expected)"
    case .emptyText(let key): "found an empty text in '\(key)'; expected text"
    case .repeatedID: "found an id that another question has too; expected different ids"
    case .answerNotFound(let text, let start):
      "found the answer \(quoted(text)) with 'answer_start' \(start), which the context does not contain; expected a part "
        + "of the context"
    case .impossibleWithAnswers: "found answers and 'is_impossible' true; expected an empty list in 'answers'"
    case .noQuestions: "found no questions to read; expected questions of the task"
    case .unknownType(let name):
      "found the type \(quoted(name)); expected 'factoid', 'list', 'yesno' or 'summary'"
    case .notYesOrNo(let answer): "found \(quoted(answer)) in 'exact_answer'; expected 'yes' or 'no'"
    }
  }

  func advice(_ format: QuestionFault.Format) -> String {
    switch self {
    case .wrongType where format == .bioasq, .noQuestions where format == .bioasq:
      #"Write {"questions": [{"id": "1", "type": "factoid", "body": "…", "snippets": [{"text": "…"}], "exact_answer": "#
        + #"[["…", "a synonym"]]}]}, as BioASQ does. Is this the right file? Extractive_qa reads factoid and list questions, "#
        + "sequence_classification those of yes and no."
    case .wrongType, .noQuestions:
      #"Write {"data": [{"paragraphs": [{"context": "…", "qas": [{"id": "1", "question": "…", "answers": [{"text": "…", "#
        + #""answer_start": 0}]}]}]}]}, as SQuAD 1.1 and 2.0 do. Is this the right file?"#
    case .emptyText: #"Remove these or add the text. A question that its context does not answer has "answers": []."#
    case .repeatedID: "Make the ids unique: predictions are by id."
    case .answerNotFound:
      "Copy the answer from the context with its case, blanks and punctuation, or remove the question. 'answer_start' "
        + "counts Unicode code points from 0; where it is wrong, the nearest place is taken."
    case .unknownType: "Give each question the type that BioASQ gave it, or remove it."
    case .notYesOrNo: "Set these answers to yes or no, or remove the questions."
    case .impossibleWithAnswers: #"Set "is_impossible" to false, or "answers" to []."#
    }
  }
}
