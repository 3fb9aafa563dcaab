/// Splits a text that is longer than the model's limit into overlapping windows, so that every word is labeled.

/// The token ids of a text, and where each word starts.
package struct TokenizedWords: Sendable {
  package var ids: [Int32] = []
  /// Index of each word's first token, increasing.
  package var wordStarts: [Int] = []

  package init(ids: [Int32] = [], wordStarts: [Int] = []) { (self.ids, self.wordStarts) = (ids, wordStarts) }

  package mutating func append(word tokens: [Int32]) {
    wordStarts.append(ids.count)
    ids += tokens
  }
}

/// A range of tokens that the model processes as one sequence.
package struct Window: Sendable, Equatable {
  /// Tokens of the text, not counting special tokens.
  package let tokens: Range<Int>
  /// The words that are labeled in this window: those whose smaller context, left or right, is largest in it.
  package let words: Range<Int>
}

/// Windows of at most `limit` tokens; adjacent windows share about `stride` tokens. They start and end between words
/// where possible. Every word belongs to exactly one window, which contains the word's first token.
package func splitIntoWindows(_ text: TokenizedWords, limit: Int, stride: Int) -> [Window] {
  let count = text.ids.count, wordStarts = text.wordStarts
  guard count > limit else { return [Window(tokens: 0..<count, words: 0..<wordStarts.count)] }
  var ranges: [Range<Int>] = []
  var start = 0
  while true {
    var end = min(start + limit, count)
    // If the last word does not fit, the window ends before it.
    if end < count {
      let last = lowerBound(wordStarts, end + 1) - 1
      if last >= 0, wordStarts[last] > start { end = wordStarts[last] }
    }
    ranges.append(start..<end)
    if end >= count { break }
    // A word longer than a window is truncated; its first token is always included.
    let next = lowerBound(wordStarts, max(end - stride, start + 1))
    guard next < wordStarts.count else { break }
    start = wordStarts[next]
  }
  return assign(wordStarts, to: ranges)
}

/// The index of the first element that is at least `value`, in an increasing list.
private func lowerBound(_ list: [Int], _ value: Int) -> Int {
  var (low, high) = (0, list.count)
  while low < high {
    let middle = (low + high) / 2
    if list[middle] < value { low = middle + 1 } else { high = middle }
  }
  return low
}

private func assign(_ wordStarts: [Int], to ranges: [Range<Int>]) -> [Window] {
  var next = 0
  return ranges.enumerated().map { index, range in
    let firstWord = next
    while next < wordStarts.count {
      let start = wordStarts[next]
      if index + 1 < ranges.count {
        let rightContext = range.upperBound - start
        let leftContextInNext = start - ranges[index + 1].lowerBound
        if !range.contains(start) || (leftContextInNext >= 0 && leftContextInNext > rightContext) { break }
      }
      next += 1
    }
    return Window(tokens: range, words: firstWord..<next)
  }
}
