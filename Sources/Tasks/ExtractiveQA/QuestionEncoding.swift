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
    let answer = record.answers.map { $0.first.flatMap { context.tokens(of: $0) } }
    var windows: [ContextWindow] = [], features: [Features] = []
    for tokens in overlapping(context.ids.count, limit: limit, stride: min(stride, limit - 1)) {
      let pair = join(question[..<length], context.ids[tokens])
      let firstRow = pair.ids.count - tokenizer.template.after.count - tokens.count
      let window = ContextWindow(tokens: tokens, firstRow: firstRow)
      let span = answer.map { window.span(of: $0) }
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

extension ContextTokens {
  /// The first and the last token of an answer without the blanks at its ends: the last token that begins no later, and
  /// the first that ends no earlier. nil: the answer has no tokens.
  fileprivate func tokens(of answer: Answer) -> ClosedRange<Int>? {
    let scalars = Array(answer.text.unicodeScalars)
    let blank = scalars.prefix { $0.properties.isWhitespace }.count
    let trailing = scalars.reversed().prefix { $0.properties.isWhitespace }.count
    let start = answer.start + blank, end = answer.start + scalars.count - trailing
    let next = ranges.firstIndex { $0.lowerBound > start } ?? ranges.count
    guard next > 0, let last = ranges.firstIndex(where: { $0.upperBound >= end }), last >= next - 1 else { return nil }
    return next - 1...last
  }
}

extension ContextWindow {
  /// The rows of the answer's tokens; those of the first token, [CLS], if the window does not have all of them, or there is
  /// no answer.
  fileprivate func span(of answer: ClosedRange<Int>?) -> ClosedRange<Int32> {
    guard let answer, tokens.contains(answer.lowerBound), tokens.contains(answer.upperBound) else { return 0...0 }
    return Int32(row(of: answer.lowerBound))...Int32(row(of: answer.upperBound))
  }
}
