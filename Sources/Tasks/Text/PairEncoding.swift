/// Encodes a text or a pair of texts for sequence classification: special tokens, token type ids, truncation, windows.
import Tokenization

/// The model's input for one text, such as [CLS] A [SEP], or for a pair: [CLS] A [SEP] B [SEP], or `<s>` A `</s></s>` B
/// `</s>`.
package struct PairEncoding: Sendable, Equatable {
  package let ids: [Int32]
  /// One per id: 0 up to the special tokens between the texts, which are included, and after them that of the tokenizer's
  /// template: 1 for BERT.
  package let tokenTypeIDs: [Int32]
  /// Which tokens of the texts it has; nil: there is no second text.
  package let firstTokens: Range<Int>
  package let secondTokens: Range<Int>?
  /// The number of tokens that were cut from the ends of the texts.
  package let truncated: Int
}

extension TextTokenizer {
  /// Encodes a text, or a pair, truncated to `maxLength` as the tokenizers library's `longest_first` does.
  ///
  /// A text without tokens is [CLS] [SEP]. Texts are truncated from the right.
  package func encode(_ first: String, _ second: String? = nil) -> PairEncoding {
    let a = tokenizer.ids(of: first)
    guard let second else {
      let count = min(a.count, room(texts: 1))
      return join(a[..<count], nil, truncated: a.count - count)
    }
    let b = tokenizer.ids(of: second)
    let counts = longestFirst(a.count, b.count, room: room(texts: 2))
    let truncated = a.count + b.count - counts.first - counts.second
    return join(a[..<counts.first], b[..<counts.second], truncated: truncated)
  }

  /// Overlapping windows of the longer text, each with the whole shorter text; of the second if both are equally long.
  /// Together they contain every token of the longer text. A text without tokens has one window, [CLS] [SEP].
  ///
  /// If the shorter text leaves fewer than 8 tokens for the longer one, it is first cut to half of the room for both,
  /// and `truncated` is the number of tokens that it lost. Adjacent windows share about `stride` tokens, at most half
  /// of a window. If both texts fit, or with one text that fits, the result is `[encode(first, second)]`.
  package func windows(of first: String, _ second: String? = nil) -> [PairEncoding] {
    guard let second else {
      let text = words(of: first).tokens
      return windows(of: text, limit: room(texts: 1)).map { join(text.ids[$0], nil, truncated: 0) }
    }
    let room = room(texts: 2)
    let a = words(of: first).tokens, b = words(of: second).tokens
    let isSecondLonger = b.ids.count >= a.ids.count
    let (shorter, longer) = isSecondLonger ? (a, b) : (b, a)
    var count = shorter.ids.count
    if count + longer.ids.count > room, room - count < 8 { count = min(count, room / 2) }
    let whole = shorter.ids[..<count]
    let truncated = shorter.ids.count - count
    return windows(of: longer, limit: room - count).map { range in
      let window = longer.ids[range]
      return isSecondLonger ? join(whole, window, truncated: truncated) : join(window, whole, truncated: truncated)
    }
  }

  /// Ranges of tokens, each with at least one token that the ranges before it do not have.
  private func windows(of text: TokenizedWords, limit: Int) -> [Range<Int>] {
    let words = text.separatingTokens(ofWordsLongerThan: limit)
    var ranges: [Range<Int>] = []
    for window in splitIntoWindows(words, limit: limit, stride: min(stride, limit / 2)) {
      // Before a long word, a window can end where the previous one does.
      if let last = ranges.last, window.tokens.upperBound <= last.upperBound { continue }
      ranges.append(window.tokens)
    }
    return ranges
  }

  /// The texts with the template's special tokens.
  func join(_ first: ArraySlice<Int32>, _ second: ArraySlice<Int32>?, truncated: Int = 0) -> PairEncoding {
    let template = tokenizer.template
    var ids = template.before.map(\.id) + first + (second == nil ? template.after : template.between).map(\.id)
    var tokenTypeIDs = [Int32](repeating: 0, count: ids.count)
    if let second {
      ids += second + template.after.map(\.id)
      tokenTypeIDs += Array(repeating: template.secondTypeID, count: second.count + template.after.count)
    }
    return PairEncoding(
      ids: ids, tokenTypeIDs: tokenTypeIDs, firstTokens: first.indices, secondTokens: second?.indices,
      truncated: truncated)
  }
}

/// How many tokens of two texts remain in `room` tokens. The longer text is truncated to what the shorter one leaves,
/// but not below half of the room; if both are longer than that, each gets half, and the odd token goes to the longer
/// one, or to the second if both are equally long. Source: `truncate_encodings` of tokenizers 0.23.
func longestFirst(_ first: Int, _ second: Int, room: Int) -> (first: Int, second: Int) {
  guard first + second > room else { return (first, second) }
  let shorter = min(first, second, room / 2)
  return first > second ? (room - shorter, shorter) : (shorter, room - shorter)
}

extension TokenizedWords {
  /// The same tokens. Each token of a word longer than `limit` is a word, so that windows need not truncate the word. So
  /// is whitespace before the first word.
  func separatingTokens(ofWordsLongerThan limit: Int) -> TokenizedWords {
    var result = TokenizedWords()
    let starts = (wordStarts.first ?? ids.count) > 0 ? [0] + wordStarts : wordStarts
    for (start, end) in zip(starts, starts.dropFirst() + [ids.count]) {
      if end - start > limit {
        for id in ids[start..<end] { result.append(word: [id]) }
      } else {
        result.append(word: Array(ids[start..<end]))
      }
    }
    return result
  }
}
