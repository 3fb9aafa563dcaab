/// vocab.txt: one token per line; and the check that a vocabulary is uncased.

/// The lines of a vocab.txt as the `tokenizers` library reads it: without whitespace at their end. Of blank lines at the
/// end, which occupy one id if tokens are added after them, one is kept.
func vocabularyLines(_ text: String) -> [String] {
  var text = text
  var tokens = text.withUTF8 { bytes in
    bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
      var token = String(decoding: UnsafeBufferPointer(rebasing: line), as: UTF8.self)
      if let last = line.last, last <= 0x20 || last >= 0x80 {
        while let last = token.unicodeScalars.last, isSpace(last.value) { token.unicodeScalars.removeLast() }
      }
      return token
    }
  }
  // What follows the last line terminator is no line if it is empty.
  if text.utf8.last == 0x0A || text.isEmpty { tokens.removeLast() }
  while tokens.count > 1, tokens.suffix(2).allSatisfy(\.isEmpty) { tokens.removeLast() }
  return tokens
}

/// Throws if at least 1 % of the tokens that begin a word hold a capital letter.
func checkUncased(_ tokens: [String], besides added: [NamedToken], _ folder: String) throws(TokenizerFault) {
  let special = Set(added.map(\.token.content) + SpecialTokenRole.allCases.map(\.defaultContent))
  let lowercase = CharacterTables.shared.lowercase
  var words = 0, cased = 0, example: String?
  for token in tokens where !token.isEmpty && !token.hasPrefix("##") && !special.contains(token) {
    words += 1
    let hasCapital = token.unicodeScalars.contains { scalar in
      let c = scalar.value
      return c < 0x80 ? 0x41...0x5A ~= c : lowercase[c] != c
    }
    guard hasCapital else { continue }
    cased += 1
    // A longer one says more than a letter.
    if (example?.count ?? 0) < 3 { example = token }
  }
  guard cased * 100 >= words, let example else { return }
  throw .casedVocabulary(folder: folder, cased: cased, words: words, example: example)
}
