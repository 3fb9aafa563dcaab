/// A text between added tokens, normalized or not, with the original position of each of its scalars.
struct AlignedText {
  let scalars: [UInt32]
  /// The text's range in `scalars`.
  let range: Range<Int>
  /// The index of each scalar in the original text; nil if it is the index in `scalars`.
  private let alignments: [Int]?

  /// - Parameter composing: whether to normalize the text to NFC.
  init(_ text: [UInt32], _ range: Range<Int>, composing: Bool) {
    if composing, !isComposed(text, range) {
      let composed = composedText(text, range)
      self.init(scalars: composed.scalars, range: composed.scalars.indices, alignments: composed.alignments)
    } else {
      self.init(scalars: text, range: range, alignments: nil)
    }
  }

  private init(scalars: [UInt32], range: Range<Int>, alignments: [Int]?) {
    self.scalars = scalars
    self.range = range
    self.alignments = alignments
  }

  /// The text in `range`, which is not empty, with a space before it that is aligned with its first scalar.
  func withPrefixSpace(_ range: Range<Int>) -> AlignedText {
    let indices = alignments.map { Array($0[range]) } ?? Array(range)
    return AlignedText(
      scalars: [0x20] + scalars[range], range: 0..<(range.count + 1), alignments: indices[..<1] + indices)
  }

  /// The range of the original text that `range`, which is not empty, comes from.
  func originalRange(of range: Range<Int>) -> Range<Int> {
    guard let alignments else { return range }
    return alignments[range.lowerBound]..<(alignments[range.upperBound - 1] + 1)
  }

  /// The range of the original text that a word comes from, without whitespace at its ends; nil if it has nothing else.
  func originalRange(ofWord range: Range<Int>) -> Range<Int>? {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, isSpace(scalars[start]) { start += 1 }
    while start < end, isSpace(scalars[end - 1]) { end -= 1 }
    return start < end ? originalRange(of: start..<end) : nil
  }
}
