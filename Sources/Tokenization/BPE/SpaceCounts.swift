/// Removes the spaces at the ends of tokens from their offsets, as `trim_offsets` does.

/// How many spaces a token begins and ends with.
struct SpaceCounts: Sendable {
  private let leading, trailing: Int

  init(_ token: String) {
    let isSpaceAt = token.unicodeScalars.map { $0.value == ByteAlphabet.space || isSpace($0.value) }
    leading = isSpaceAt.prefix { $0 }.count
    trailing = isSpaceAt.reversed().prefix { $0 }.count
  }

  /// - Parameters:
  ///   - isFirst: whether the token is the first of its text.
  ///   - addsPrefixSpace: whether a single space before a text is one that the pre-tokenizer has added.
  func trim(_ offsets: inout Range<Int>, isFirst: Bool, addsPrefixSpace: Bool) {
    if leading == 0, trailing == 0 { return }
    var (start, end) = (offsets.lowerBound, offsets.upperBound)
    let isAdded = addsPrefixSpace && leading == 1 && (isFirst || start == 0)
    if !isAdded { start = min(start + leading, end) }
    if end >= trailing { end = max(end - trailing, start) }
    offsets = start..<end
  }
}
