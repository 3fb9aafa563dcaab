/// Words and ids of running text, and which ids are continuations.
import Files

extension WordPiece {
  package var wordsAreContextFree: Bool { true }

  /// The ids of running text without [CLS] and [SEP], as in `encode(_:addSpecialTokens:)`.
  package func ids(of text: String) -> [Int32] { ids(ofWord: text) }

  /// Splits running text at whitespace and around punctuation.
  package func words(of text: String) -> (encoding: Encoding, words: [(token: Int, range: Range<Int>)]) {
    let encoding = encode(text, addSpecialTokens: false)
    var words: [(token: Int, range: Range<Int>)] = []
    for (index, token) in encoding.tokens.enumerated() {
      let offsets = encoding.offsets[index]
      if token.hasPrefix("##"), let word = words.last {
        words[words.count - 1].range = word.range.lowerBound..<offsets.upperBound
      } else {
        words.append((index, offsets))
      }
    }
    return (encoding, words)
  }

  /// By id: whether the token continues a word (`##itis`).
  package var isContinuation: [Bool] {
    let prefix = vocabulary.continuingSubwordPrefix
    return vocabulary.tokens.map { token in
      !prefix.isEmpty && token.unicodeScalars.count > prefix.count
        && zip(token.unicodeScalars, prefix).allSatisfy { $0.value == $1 }
    }
  }

  package var vocabularyDigest: String {
    Tokenization.vocabularyDigest(
      tokens,
      [
        "added_tokens": digestMember(addedTokens), "template": template.json,
        "model_vocabulary": .int(modelVocabulary.count),
        "prefix": .string(string(of: modelVocabulary.continuingSubwordPrefix)),
      ])
  }
}
