/// Added tokens, such as [MASK], and the search that finds them in a text before it is split into words.
/// Does not assign ids: those are in the vocabulary.

/// An entry of `added_tokens`, with the options of the `tokenizers` library's `AddedToken`.
struct AddedToken: Sendable, Equatable {
  var id: Int32
  var content: String
  /// Not matched inside a longer word.
  var singleWord = false
  /// The match includes the whitespace before it.
  var lstrip = false
  /// The match includes the whitespace after it.
  var rstrip = false
  /// Matched in the normalized text, in its own normalized form.
  var normalized = false
  var special = true
}

/// Finds added tokens in a text: the leftmost match, and the longest of those that start at the same index.
struct TokenFinder: Sendable {
  struct Match: Equatable {
    /// nil for text between tokens.
    var id: Int32?
    var range: Range<Int>
  }

  private struct Pattern: Sendable {
    var token: AddedToken
    var scalars: [UInt32]
  }

  /// Patterns by their first scalar, longest first.
  private var patterns = [UInt32: [Pattern]]()
  private var isFirstASCII = [Bool](repeating: false, count: 128)
  private var hasFirstBeyondASCII = false

  /// - Parameter tokens: each with the scalars to match: its content, or its normalized content.
  init(_ tokens: [(token: AddedToken, scalars: [UInt32])], file: String) throws(TokenizerFault) {
    for (token, scalars) in tokens {
      guard let first = scalars.first, patterns[first]?.contains(where: { $0.scalars == scalars }) != true else {
        throw .ambiguousAddedToken(file: file, token: token.content)
      }
      patterns[first, default: []].append(Pattern(token: token, scalars: scalars))
      if first < 128 { isFirstASCII[Int(first)] = true } else { hasFirstBeyondASCII = true }
    }
    for first in patterns.keys { patterns[first]?.sort { $0.scalars.count > $1.scalars.count } }
  }

  /// The finders of added tokens in the original text, and in the normalized text, in which tokens are normalized, too.
  static func finders(
    of tokens: [AddedToken], file: String, normalize: ([UInt32]) -> [UInt32]
  ) throws(TokenizerFault) -> (original: TokenFinder, normalized: TokenFinder) {
    let contents = tokens.map { ($0, scalars(of: $0.content)) }
    return (
      try TokenFinder(contents.filter { !$0.0.normalized }, file: file),
      try TokenFinder(contents.filter(\.0.normalized).map { ($0, normalize($1)) }, file: file)
    )
  }

  /// Splits `range` of the text into added tokens and the text between them, in order; empty for an empty range.
  func matches(in text: [UInt32], _ range: Range<Int>) -> [Match] {
    if patterns.isEmpty { return range.isEmpty ? [] : [Match(id: nil, range: range)] }
    var matches = [Match]()
    var matchedEnd = range.lowerBound
    var index = range.lowerBound
    while index < range.upperBound {
      guard let pattern = longestMatch(in: text, index..<range.upperBound) else {
        index += 1
        continue
      }
      let match = index..<(index + pattern.scalars.count)
      index = match.upperBound
      let token = pattern.token
      if token.singleWord, touchesWord(match, in: text, range) { continue }
      var (start, end) = (match.lowerBound, match.upperBound)
      if token.lstrip {
        while start > matchedEnd, isSpace(text[start - 1]) { start -= 1 }
        start = min(max(start, matchedEnd), end)
      }
      if token.rstrip { while end < range.upperBound, isSpace(text[end]) { end += 1 } }
      if matchedEnd < start { matches.append(Match(id: nil, range: matchedEnd..<start)) }
      matches.append(Match(id: token.id, range: start..<end))
      matchedEnd = end
    }
    if matchedEnd < range.upperBound { matches.append(Match(id: nil, range: matchedEnd..<range.upperBound)) }
    return matches
  }

  private func longestMatch(in text: [UInt32], _ rest: Range<Int>) -> Pattern? {
    let first = text[rest.lowerBound]
    guard first < 128 ? isFirstASCII[Int(first)] : hasFirstBeyondASCII else { return nil }
    return patterns[first]?.first { pattern in
      pattern.scalars.count <= rest.count && zip(pattern.scalars, text[rest]).allSatisfy { $0 == $1 }
    }
  }

  private func touchesWord(_ match: Range<Int>, in text: [UInt32], _ range: Range<Int>) -> Bool {
    let wordCharacters = CharacterTables.shared.wordCharacters
    return match.lowerBound > range.lowerBound && wordCharacters.contains(text[match.lowerBound - 1])
      || match.upperBound < range.upperBound && wordCharacters.contains(text[match.upperBound])
  }
}
