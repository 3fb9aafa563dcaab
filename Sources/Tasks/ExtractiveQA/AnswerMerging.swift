/// Merges the answers that a question's snippets give, by the rule of BioBERT's script for BioASQ.
import Datasets

/// An answer to a question of BioASQ, from all its snippets.
package struct MergedAnswer: Sendable, Equatable {
  /// As the most probable of its candidates has it.
  package let text: String
  /// The sum over the candidates of all snippets, so it may be more than 1.
  package var probability: Double
  /// Where the most probable candidate stands, from 0; its code points there.
  package let snippet, start, end: Int
}

extension AnswerDecoding {
  /// Answers of more code points are dropped.
  private static let maxMergedLength = 100
  /// Answers to a factoid question, as many as BioASQ takes.
  private static let maxFactoidAnswers = 5

  /// 1. The candidates of all snippets are one list, the most probable first. Empty ones and those of more than 100 code
  ///    points are dropped.
  /// 2. Candidates that are equal in lower case are one answer, with the sum of their probabilities. The list is in the order
  ///    of these sums.
  /// 3. Of a factoid question the first five answers stay; of a list question those whose sum is at least `listThreshold`, or
  ///    the first if there are none.
  func merge(_ snippets: [[AnswerCandidate]], of kind: ExactAnswer.Kind) -> [MergedAnswer] {
    let candidates = snippets.enumerated().flatMap { snippet, candidates in candidates.map { (snippet, $0) } }
      .filter { !$0.1.text.isEmpty && $0.1.text.unicodeScalars.count <= Self.maxMergedLength }
      .stablySorted { $0.1.probability }
    var answers: [MergedAnswer] = [], indices: [[Unicode.Scalar]: Int] = [:]
    for (snippet, candidate) in candidates {
      let key = lowercase(Array(candidate.text.unicodeScalars))
      if let index = indices[key] {
        answers[index].probability += candidate.probability
      } else {
        indices[key] = answers.count
        answers.append(
          MergedAnswer(
            text: candidate.text, probability: candidate.probability, snippet: snippet, start: candidate.start,
            end: candidate.end))
      }
    }
    let sorted = answers.stablySorted(by: \.probability)
    switch kind {
    case .factoid: return Array(sorted.prefix(Self.maxFactoidAnswers))
    case .list:
      return Array(sorted.prefix(max(1, sorted.count { $0.probability >= listThreshold ?? Self.defaultListThreshold })))
    }
  }
}

extension Array {
  /// The largest value first, and equal ones in their order.
  fileprivate func stablySorted(by value: (Element) -> Double) -> [Element] {
    enumerated().sorted { (value($1.element), $0.offset) < (value($0.element), $1.offset) }.map(\.element)
  }
}
