/// Tokens that are looked for in the text before it is split into words, such as [MASK], and how they are found.
/// Does not give them ids: those are in the vocabulary.
struct AddedToken: Sendable, Equatable {
  var id: Int32
  var content: String
  /// Is no part of a longer word.
  var singleWord = false
  /// Takes the white space before it with it.
  var lstrip = false
  /// Takes the white space after it with it.
  var rstrip = false
  /// Is looked for in its normal form, in the normalized text.
  var normalized = false
  var special = true
}

/// Finds tokens in scalars, leftmost first and the longest of those that begin at one place.
struct TokenFinder: Sendable {
  struct Match: Equatable {
    /// nil for the text between tokens.
    var id: Int32?
    var range: Range<Int>
  }

  private struct Pattern: Sendable {
    var token: AddedToken
    var scalars: [UInt32]
  }

  /// Patterns by their first scalar, longest first.
  private var patterns = [UInt32: [Pattern]]()
  private var beginsBelow128 = [Bool](repeating: false, count: 128)
  private var beginsAbove = false

  /// - Parameter scalars: what to look for: the token's own text, or its normal form.
  init(_ tokens: [(token: AddedToken, scalars: [UInt32])], file: String) throws(TokenizerFault) {
    for (token, scalars) in tokens {
      guard let first = scalars.first, patterns[first]?.contains(where: { $0.scalars == scalars }) != true else {
        throw .ambiguousAddedToken(file: file, token: token.content)
      }
      patterns[first, default: []].append(Pattern(token: token, scalars: scalars))
      if first < 128 { beginsBelow128[Int(first)] = true } else { beginsAbove = true }
    }
    for first in patterns.keys { patterns[first]?.sort { $0.scalars.count > $1.scalars.count } }
  }

  /// `range` of the text cut into tokens and what is between them, in order. An empty range has no parts.
  func matches(in text: [UInt32], _ range: Range<Int>) -> [Match] {
    if patterns.isEmpty { return range.isEmpty ? [] : [Match(id: nil, range: range)] }
    var matches = [Match]()
    var done = range.lowerBound
    var at = range.lowerBound
    while at < range.upperBound {
      guard let pattern = longest(in: text, at..<range.upperBound) else {
        at += 1
        continue
      }
      let found = at..<(at + pattern.scalars.count)
      at = found.upperBound
      let token = pattern.token
      if token.singleWord, touchesWord(found, in: text, range) { continue }
      var (start, end) = (found.lowerBound, found.upperBound)
      if token.lstrip {
        while start > done, isSpace(text[start - 1]) { start -= 1 }
        start = min(max(start, done), end)
      }
      if token.rstrip { while end < range.upperBound, isSpace(text[end]) { end += 1 } }
      if done < start { matches.append(Match(id: nil, range: done..<start)) }
      matches.append(Match(id: token.id, range: start..<end))
      done = end
    }
    if done < range.upperBound { matches.append(Match(id: nil, range: done..<range.upperBound)) }
    return matches
  }

  private func longest(in text: [UInt32], _ rest: Range<Int>) -> Pattern? {
    let first = text[rest.lowerBound]
    guard first < 128 ? beginsBelow128[Int(first)] : beginsAbove else { return nil }
    return patterns[first]?.first { pattern in
      pattern.scalars.count <= rest.count && zip(pattern.scalars, text[rest]).allSatisfy { $0 == $1 }
    }
  }

  private func touchesWord(_ found: Range<Int>, in text: [UInt32], _ range: Range<Int>) -> Bool {
    let words = CharacterTables.shared.wordCharacters
    return found.lowerBound > range.lowerBound && words.contains(text[found.lowerBound - 1])
      || found.upperBound < range.upperBound && words.contains(text[found.upperBound])
  }
}
