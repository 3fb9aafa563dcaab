/// Chooses the answer to a question from the logits of its windows, by the rules of transformers' `run_qa.py`.
import Glibc

/// The settings of the choice, by transformers' names.
///
/// 1. In each window, the `nBestSize` tokens with the largest start logits and those with the largest end logits make
///    spans; of equal logits the earlier token comes first. Spans outside the context, that end before they start, or of
///    more than `maxAnswerLength` tokens are dropped.
/// 2. A span's score is the sum of its two logits. The spans of all windows are one list, of which the best `nBestSize`
///    stay; a span that two windows have is listed twice. A softmax over the list gives the probabilities.
/// 3. If questions may have no answer, the null score is the smallest sum of the logits of [CLS] over the windows. It is in
///    the list too, last if it is not among the best. The answer is "" if the null score is more than
///    `nullScoreDiffThreshold` above the best span's.
/// 4. Without any span the answer is "", where run_qa.py says "empty".
package struct AnswerDecoding: Sendable, Codable, Equatable {
  package var nBestSize = 20
  /// In tokens.
  package var maxAnswerLength = 30
  package var nullScoreDiffThreshold = 0.0
  /// Whether a question may have no answer in its context, as in SQuAD 2.0.
  package var version2WithNegative = false
  /// The least probability of an answer to a list question of BioASQ; nil: `defaultListThreshold`.
  package var listThreshold: Double?
  static let defaultListThreshold = 0.42

  private enum CodingKeys: String, CodingKey {
    case nBestSize = "n_best_size", maxAnswerLength = "max_answer_length"
    case nullScoreDiffThreshold = "null_score_diff_threshold", version2WithNegative = "version_2_with_negative"
    case listThreshold = "list_threshold"
  }

  package init() {}

  /// Nothing is required.
  package init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    nBestSize = try file.decodeIfPresent(Int.self, forKey: .nBestSize) ?? nBestSize
    maxAnswerLength = try file.decodeIfPresent(Int.self, forKey: .maxAnswerLength) ?? maxAnswerLength
    nullScoreDiffThreshold =
      try file.decodeIfPresent(Double.self, forKey: .nullScoreDiffThreshold) ?? nullScoreDiffThreshold
    version2WithNegative =
      try file.decodeIfPresent(Bool.self, forKey: .version2WithNegative) ?? version2WithNegative
    listThreshold = try file.decodeIfPresent(Double.self, forKey: .listThreshold)
    guard nBestSize > 0, maxAnswerLength > 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: .nBestSize, in: file, debugDescription: "n_best_size and max_answer_length must be at least 1")
    }
  }

  /// - Parameters:
  ///   - logits: of each window: a start and an end logit for each of its tokens.
  ///   - ranges: the code points of the context that each of its tokens covers.
  package func predict(
    _ context: String, _ ranges: [Range<Int>], _ windows: [ContextWindow], _ logits: [Logits]
  ) -> AnswerPrediction {
    var spans = zip(windows, logits).flatMap { self.spans(in: $0, $1) }
    var null: Span?
    if version2WithNegative {
      null = logits.map { Span(tokens: nil, start: $0.values[0], end: $0.values[1]) }.min { $0.score < $1.score }
    }
    if let null { spans.append(null) }
    var best = spans.enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
      .prefix(nBestSize).map(\.element)
    if let null, !best.contains(where: { $0.tokens == nil }) { best.append(null) }
    let scalars = Array(context.unicodeScalars)
    let candidates = zip(best, softmax(best.map(\.score))).map { span, probability in
      let range = span.tokens.map { ranges[$0.lowerBound].lowerBound..<ranges[$0.upperBound].upperBound } ?? 0..<0
      return AnswerCandidate(
        text: String(scalars[range]), start: range.lowerBound, end: range.upperBound, probability: probability,
        startLogit: span.start, endLogit: span.end)
    }
    return answer(candidates, null)
  }

  private func answer(_ candidates: [AnswerCandidate], _ null: Span?) -> AnswerPrediction {
    guard let null else {
      return AnswerPrediction(answer: candidates.first, candidates: candidates, nullScoreDifference: nil)
    }
    let first = candidates.first { !$0.text.isEmpty }
    let difference = first.map { Double(null.score - $0.startLogit - $0.endLogit) }
    let isNull = difference.map { $0 > nullScoreDiffThreshold } ?? true
    return AnswerPrediction(
      answer: isNull ? candidates.first { $0.text.isEmpty } : first, candidates: candidates,
      nullScoreDifference: difference)
  }

  private struct Span {
    /// Of the context; nil: no answer.
    let tokens: ClosedRange<Int>?
    let start, end: Float
    var score: Float { start + end }
  }

  private func spans(in window: ContextWindow, _ logits: Logits) -> [Span] {
    let columns = (0..<2).map { column in (0..<logits.rows).map { logits.values[2 * $0 + column] } }
    let best = columns.map { column in
      column.indices.sorted { (column[$1], $0) < (column[$0], $1) }.prefix(nBestSize).filter(window.rows.contains)
    }
    return best[0].flatMap { start in
      best[1].compactMap { end in
        guard start <= end, end - start < maxAnswerLength else { return nil }
        return Span(
          tokens: window.token(of: start)...window.token(of: end), start: columns[0][start], end: columns[1][end])
      }
    }
  }
}

/// A span of the context, or no answer.
package struct AnswerCandidate: Sendable, Equatable {
  /// "": no answer.
  package let text: String
  /// Code points of the context; 0 and 0 for no answer.
  package let start, end: Int
  /// Among the candidates.
  package let probability: Double
  package let startLogit, endLogit: Float
}

/// What a model answers to a question.
package struct AnswerPrediction: Sendable, Equatable {
  /// nil: no answer, as there is no span.
  package let answer: AnswerCandidate?
  /// The best first.
  package let candidates: [AnswerCandidate]
  /// The null score less that of the best span; nil: every question has an answer, or there is no span.
  package let nullScoreDifference: Double?

  package init(answer: AnswerCandidate?, candidates: [AnswerCandidate], nullScoreDifference: Double?) {
    (self.answer, self.candidates, self.nullScoreDifference) = (answer, candidates, nullScoreDifference)
  }

  /// "" if there is none.
  package var text: String { answer?.text ?? "" }
}
