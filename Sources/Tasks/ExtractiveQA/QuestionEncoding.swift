/// The model's input for a question and its context: windows of the context, each after the whole question, as the
/// tokenizers library makes them with `truncation="only_second"` and a stride; and the answer's tokens in each window.
import Datasets
import Tokenizers

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

/// A window: the tokens of the context that it has, and the row of its sequence with the first of them.
public struct ContextWindow: Sendable, Equatable {
  public let tokens: Range<Int>
  public let firstRow: Int

  public init(tokens: Range<Int>, firstRow: Int) { (self.tokens, self.firstRow) = (tokens, firstRow) }

  /// The rows of its tokens.
  var rows: Range<Int> { firstRow..<firstRow + tokens.count }
  func row(of token: Int) -> Int { firstRow + token - tokens.lowerBound }
  func token(of row: Int) -> Int { row - firstRow + tokens.lowerBound }
}

extension TextTokenizer {
  /// The windows of a record's question and context. A question that leaves the context less than half of a window is cut
  /// there.
  func encode(question record: Record, _ context: ContextTokens) -> EncodedRecord {
    let text = record.texts[0].unicodeScalars.drop(while: \.properties.isWhitespace)
    let question = tokenizer.ids(of: String(text)), room = room(texts: 2)
    let length = min(question.count, max(0, room - (maxLength + 1) / 2)), limit = room - length
    let answer = record.answers.map { $0.first?.range }
    var windows: [ContextWindow] = [], features: [Features] = []
    for tokens in overlapping(context.ids.count, limit: limit, stride: min(stride, limit - 1)) {
      let pair = join(question[..<length], context.ids[tokens])
      let firstRow = pair.ids.count - tokenizer.template.after.count - tokens.count
      let window = ContextWindow(tokens: tokens, firstRow: firstRow)
      let span = answer.map { window.span(of: $0, in: context.ranges) }
      windows.append(window)
      features.append(
        Features(
          ids: pair.ids, tokenTypeIDs: pair.tokenTypeIDs,
          targets: .spans([SpanTarget(length: pair.ids.count, span: span)])))
    }
    return EncodedRecord(
      features, words: context.ranges, windows: windows, cutTokens: question.count - length)
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
  fileprivate var range: Range<Int> {
    let scalars = Array(text.unicodeScalars)
    let leading = scalars.prefix { $0.properties.isWhitespace }.count
    let trailing = scalars.reversed().prefix { $0.properties.isWhitespace }.count
    return start + leading..<start + scalars.count - trailing
  }
}

extension ContextWindow {
  /// The rows of the answer's first and last token; those of [CLS] if the window does not have all of it, or there is no
  /// answer.
  /// - Parameter ranges: of the context's tokens.
  fileprivate func span(of answer: Range<Int>?, in ranges: [Range<Int>]) -> ClosedRange<Int32> {
    guard let answer, let first = tokens.first, let last = tokens.last,
      ranges[first].lowerBound <= answer.lowerBound, ranges[last].upperBound >= answer.upperBound
    else { return 0...0 }
    var start = (tokens.first { ranges[$0].lowerBound > answer.lowerBound } ?? last + 1) - 1
    var end = (tokens.last { ranges[$0].upperBound < answer.upperBound } ?? first - 1) + 1
    // In byte-level BPE a character may have several tokens.
    while start > first, ranges[start - 1] == ranges[start] { start -= 1 }
    while end < last, ranges[end + 1] == ranges[end] { end += 1 }
    if start > end { return 0...0 }
    return Int32(row(of: start))...Int32(row(of: end))
  }
}
