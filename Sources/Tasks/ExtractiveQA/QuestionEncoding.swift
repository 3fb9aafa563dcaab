/// The model's input for a question and its contexts: windows of each context after the whole question, as the tokenizers
/// library makes them with `truncation="only_second"` and a stride; and the answers' tokens in each window.
import Datasets
import Tokenization

/// The tokens of a context.
struct ContextTokens: Sendable {
  let ids: [Int32]
  /// The code points of the context that each token covers.
  let ranges: [Range<Int>]

  init(_ context: String, _ tokenizer: TextTokenizer) {
    let encoding = tokenizer.tokenizer.encode(context, addSpecialTokens: false)
    (ids, ranges) = (encoding.ids, encoding.offsets)
  }
}

/// A window: the tokens of a context that it has, and the row of its sequence with the first of them.
package struct ContextWindow: Sendable, Equatable {
  /// Counted over the tokens of all contexts.
  package let tokens: Range<Int>
  package let firstRow: Int
  /// Which of the question's contexts it is of.
  package let context: Int

  package init(tokens: Range<Int>, firstRow: Int, context: Int = 0) {
    (self.tokens, self.firstRow, self.context) = (tokens, firstRow, context)
  }

  /// The rows of its tokens.
  var rows: Range<Int> { firstRow..<firstRow + tokens.count }
  func row(of token: Int) -> Int { firstRow + token - tokens.lowerBound }
  func token(of row: Int) -> Int { row - firstRow + tokens.lowerBound }
}

extension TextTokenizer {
  /// The windows of a record's question and contexts. A question that leaves a context less than half of a window is cut
  /// there.
  /// - Parameter targets: of each context, the code points of the answers that are trained on; empty: it has none; nil:
  ///   it is not trained on.
  func encode(question record: Record, _ contexts: [ContextTokens], targets: [[Range<Int>]?]) -> EncodedRecord {
    let text = record.texts[0].unicodeScalars.drop(while: \.properties.isWhitespace)
    let question = tokenizer.ids(of: String(text)), room = room(texts: 2)
    let length = min(question.count, max(0, room - (maxLength + 1) / 2)), limit = room - length
    var ranges: [Range<Int>] = [], windows: [ContextWindow] = [], features: [Features] = []
    for (number, (context, targets)) in zip(contexts, targets).enumerated() {
      let first = ranges.count
      ranges += context.ranges
      for tokens in overlapping(context.ids.count, limit: limit, stride: min(stride, limit - 1)) {
        let pair = join(question[..<length], context.ids[tokens])
        let firstRow = pair.ids.count - tokenizer.template.after.count - tokens.count
        let window = ContextWindow(
          tokens: first + tokens.lowerBound..<first + tokens.upperBound, firstRow: firstRow, context: number)
        let spans = targets.map { window.spans(of: $0, in: ranges) } ?? []
        windows.append(window)
        features.append(
          Features(
            ids: pair.ids, tokenTypeIDs: pair.tokenTypeIDs,
            targets: .spans([SpanTarget(length: pair.ids.count, spans: spans)])))
      }
    }
    return EncodedRecord(features, words: ranges, windows: windows, cutTokens: question.count - length)
  }
}

/// Ranges of at most `limit` of `count` tokens; adjacent ranges share `stride` tokens. One empty range if there are none.
private func overlapping(_ count: Int, limit: Int, stride: Int) -> [Range<Int>] {
  var ranges: [Range<Int>] = [], start = 0
  repeat {
    ranges.append(start..<min(start + limit, count))
    start += limit - stride
  } while ranges[ranges.count - 1].upperBound < count
  return ranges
}

extension Answer {
  /// Its code points in the context, without the blanks at its ends.
  var range: Range<Int> {
    let scalars = Array(text.unicodeScalars)
    let leading = scalars.prefix { $0.properties.isWhitespace }.count
    let trailing = scalars.reversed().prefix { $0.properties.isWhitespace }.count
    return start + leading..<start + scalars.count - trailing
  }
}

extension ContextWindow {
  /// The rows of the first and last token of each answer that the window has all of; those of [CLS] if there is none.
  /// - Parameter ranges: of the contexts' tokens.
  fileprivate func spans(of answers: [Range<Int>], in ranges: [Range<Int>]) -> [ClosedRange<Int32>] {
    let spans = answers.compactMap { span(of: $0, in: ranges) }
    return spans.isEmpty ? [0...0] : spans
  }

  private func span(of answer: Range<Int>, in ranges: [Range<Int>]) -> ClosedRange<Int32>? {
    guard let first = tokens.first, let last = tokens.last,
      ranges[first].lowerBound <= answer.lowerBound, ranges[last].upperBound >= answer.upperBound
    else { return nil }
    var start = (tokens.first { ranges[$0].lowerBound > answer.lowerBound } ?? last + 1) - 1
    var end = (tokens.last { ranges[$0].upperBound < answer.upperBound } ?? first - 1) + 1
    // In byte-level BPE a character may have several tokens.
    while start > first, ranges[start - 1] == ranges[start] { start -= 1 }
    while end < last, ranges[end + 1] == ranges[end] { end += 1 }
    return start > end ? nil : Int32(row(of: start))...Int32(row(of: end))
  }
}
