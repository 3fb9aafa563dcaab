/// Words and ids of running text, and which ids are continuations.
import Files

extension WordPiece {
  public var wordsAreContextFree: Bool { true }

  /// The ids of running text without [CLS] and [SEP], as in `encode(_:addSpecialTokens:)`.
  public func ids(of text: String) -> [Int32] { ids(ofWord: text) }

  /// Splits running text at whitespace and around punctuation.
  public func words(of text: String) -> (encoding: Encoding, words: [(token: Int, range: Range<Int>)]) {
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
  public var isContinuation: [Bool] {
    let prefix = vocabulary.continuingSubwordPrefix
    return vocabulary.tokens.map { token in
      !prefix.isEmpty && token.unicodeScalars.count > prefix.count
        && zip(token.unicodeScalars, prefix).allSatisfy { $0.value == $1 }
    }
  }

  public var vocabularyDigest: String {
    Tokenizers.vocabularyDigest(
      tokens,
      [
        "added_tokens": digestMember(addedTokens), "template": template.json,
        "model_vocabulary": .int(modelVocabulary.count),
        "prefix": .string(string(of: modelVocabulary.continuingSubwordPrefix)),
      ])
  }
}
