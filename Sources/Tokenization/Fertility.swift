/// Fertility: how many tokens a vocabulary needs for the words of a text, and how many words are unknown.
package struct Fertility: Sendable, Equatable {
  /// Words including repetitions; a punctuation mark is a word.
  package var words = 0
  /// An unknown word counts as one token.
  package var tokens = 0
  /// Words that are a single token other than the unknown token.
  package var singleTokenWords = 0
  package var unknownWords = 0

  package var tokensPerWord: Double { Double(tokens) / Double(max(words, 1)) }
  /// Fractions of the words, from 0 to 1.
  package var singleTokenFraction: Double { Double(singleTokenWords) / Double(max(words, 1)) }
  package var unknownFraction: Double { Double(unknownWords) / Double(max(words, 1)) }
}

extension WordPiece {
  /// The fertility of this tokenizer on words counted with its own normalizer settings.
  package func fertility(of words: WordCounts) -> Fertility {
    var fertility = Fertility(words: words.total)
    for (index, count) in words.counts.enumerated() {
      let tokenCount = tokenize(words, index).count
      fertility.tokens += max(tokenCount, 1) * count
      if tokenCount == 1 { fertility.singleTokenWords += count }
      if tokenCount == 0 { fertility.unknownWords += count }
    }
    return fertility
  }

  /// The tokens of the word at `index`; empty if it is unknown.
  func tokenize(_ words: WordCounts, _ index: Int) -> [Int32] {
    var ids = [Int32]()
    let range = words.range(index)
    guard range.count <= maxInputCharsPerWord,
      modelVocabulary.forEachToken(words.scalars, range, { id, _ in ids.append(id) })
    else {
      return []
    }
    return ids
  }
}
