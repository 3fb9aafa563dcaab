/// Errors in the content of a SQuAD file. A file that cannot be read is a `FileFault`.

public struct SQuADFault: Error, Equatable {
  public let file: String
  /// The first invalid places, at most five.
  public let first: [Place]
  public let count: Int

  public struct Place: Sendable, Equatable {
    /// "data[0].paragraphs[1].qas[2] (id '7')"; empty: the file.
    public let place: String
    public let problem: Problem
  }

  public enum Problem: Error, Equatable {
    /// `found` is nil if the key is missing.
    case wrongType(key: String, found: String?, expected: String)
    case emptyText(String)
    case repeatedID
    /// The context does not contain the answer.
    case answerNotFound(String, start: Int)
    case impossibleWithAnswers
    case noQuestions
  }
}

extension SQuADFault: DataFault {
  public var withoutText: SQuADFault {
    let places = first.map { place -> Place in
      guard case .answerNotFound(_, let start) = place.problem else { return place }
      return Place(place: place.place, problem: .answerNotFound("…", start: start))
    }
    return SQuADFault(file: file, first: places, count: count)
  }
}

extension SQuADFault: CustomStringConvertible {
  public var description: String {
    let lines = first.map { "\(file): \($0.place)\($0.place.isEmpty ? "" : ": ")\($0.problem)" }
    return report(lines, of: count, noun: "places", advice: first.map(\.problem.advice))
  }
}

extension SQuADFault.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .wrongType(let key, nil, let expected): "found no '\(key)'; expected \(expected)"
    case .wrongType(let key, let found?, let expected): "found \(found) in '\(key)'; expected \(expected)"
    case .emptyText(let key): "found an empty text in '\(key)'; expected text"
    case .repeatedID: "found an id that another question has too; expected different ids"
    case .answerNotFound(let text, let start):
      "found the answer \(quoted(text)) with 'answer_start' \(start), which the context does not contain; expected a part "
        + "of the context"
    case .impossibleWithAnswers: "found answers and 'is_impossible' true; expected an empty list in 'answers'"
    case .noQuestions: "found no questions; expected the JSON of SQuAD"
    }
  }

  var advice: String {
    switch self {
    case .wrongType, .noQuestions:
      #"Write {"data": [{"paragraphs": [{"context": "…", "qas": [{"id": "1", "question": "…", "answers": [{"text": "…", "#
        + #""answer_start": 0}]}]}]}]}, as SQuAD 1.1 and 2.0 do. Is this the right file?"#
    case .emptyText: #"Remove these or add the text. A question that its context does not answer has "answers": []."#
    case .repeatedID: "Make the ids unique: predictions are by id."
    case .answerNotFound:
      "Copy the answer from the context with its case, blanks and punctuation, or remove the question. 'answer_start' "
        + "counts Unicode code points from 0; where it is wrong, the nearest place is taken."
    case .impossibleWithAnswers: #"Set "is_impossible" to false, or "answers" to []."#
    }
  }
}
