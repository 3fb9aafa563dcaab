/// The words of a text and their tokens, for tagging and for masking whole words.

extension ByteLevelBPE {
  package var wordsAreContextFree: Bool { false }

  /// Splits running text into words as the pre-tokenizer does: at whitespace, between letters, numbers and symbols, and
  /// before English contractions such as `'s`. An added token is a word.
  package func words(of text: String) -> (encoding: Encoding, words: [(token: Int, range: Range<Int>)]) {
    let result = tokenize(text)
    return (result.encoding, result.words)
  }

  /// Begins with a space if the tokenizer has `add_prefix_space`.
  package func ids(ofWord word: String) -> [Int32] { ids(of: word) }

  package func ids(of text: String) -> [Int32] { idsAndOffsets(of: text).encoding.ids }

  /// A token that begins with whitespace, and a special token, begin a word; so a word is what stands between whitespace,
  /// as in fairseq's masking of whole words.
  package var isContinuation: [Bool] {
    let spaces = [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20].map { ByteAlphabet.scalars[$0] }
    var isContinuation = vocabulary.tokens.map { token in
      token.unicodeScalars.first.map { !spaces.contains($0.value) } ?? false
    }
    for token in addedTokens { isContinuation[Int(token.id)] = false }
    return isContinuation
  }
}
