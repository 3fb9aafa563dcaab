/// Cuts a text that is longer than the model can read into overlapping windows, so that no word is lost.

/// A text as pieces, and where its words begin.
public struct TokenizedWords: Sendable {
  public var ids: [Int32] = []
  /// Index of each word's first piece, rising.
  public var wordStarts: [Int] = []

  public init() {}

  public mutating func append(word pieces: [Int32]) {
    wordStarts.append(ids.count)
    ids += pieces
  }
}

/// One stretch of pieces that the model reads at once.
public struct Window: Sendable, Equatable {
  /// Pieces of the text, special tokens not counted.
  public let tokens: Range<Int>
  /// The words whose label is read from this window: where they have the most context on their poorer side.
  public let words: Range<Int>
}

/// Windows of at most `limit` pieces; neighbours share about `stride` pieces. Cuts fall between words where they can.
/// Every word belongs to exactly one window, and its first piece lies in it.
public func splitIntoWindows(_ text: TokenizedWords, limit: Int, stride: Int) -> [Window] {
  let count = text.ids.count, firsts = text.wordStarts
  guard count > limit else { return [Window(tokens: 0..<count, words: 0..<firsts.count)] }
  var ranges: [Range<Int>] = []
  var start = 0
  while true {
    var end = min(start + limit, count)
    // The last word that begins in the window may go on behind it: then the window ends before that word.
    if end < count {
      let last = lowerBound(firsts, end + 1) - 1
      if last >= 0, firsts[last] > start { end = firsts[last] }
    }
    ranges.append(start..<end)
    if end >= count { break }
    // Of a word longer than a window, what no window can hold is left out; its first piece never is.
    let next = lowerBound(firsts, max(end - stride, start + 1))
    guard next < firsts.count else { break }
    start = firsts[next]
  }
  return assign(firsts, to: ranges)
}

/// The index of the first entry that is not below `value`, in a rising list.
private func lowerBound(_ list: [Int], _ value: Int) -> Int {
  var (low, high) = (0, list.count)
  while low < high {
    let middle = (low + high) / 2
    if list[middle] < value { low = middle + 1 } else { high = middle }
  }
  return low
}

private func assign(_ firsts: [Int], to ranges: [Range<Int>]) -> [Window] {
  var next = 0
  return ranges.enumerated().map { index, range in
    let begin = next
    while next < firsts.count {
      let first = firsts[next]
      if index + 1 < ranges.count {
        let after = ranges[index + 1]
        let here = range.upperBound - first, there = first - after.lowerBound
        if !range.contains(first) || (there >= 0 && there > here) { break }
      }
      next += 1
    }
    return Window(tokens: range, words: begin..<next)
  }
}
