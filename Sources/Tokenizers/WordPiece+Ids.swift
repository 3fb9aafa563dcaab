/// Token ids of running text, and which ids are continuations or special tokens, for masked language modeling.

extension WordPiece {
  /// The ids of running text without [CLS] and [SEP], as in `encode(_:addSpecialTokens:)`.
  public func ids(of text: String) -> [Int32] { ids(ofWord: text) }

  /// By id: whether the token continues a word (`##itis`).
  public var isContinuation: [Bool] {
    let prefix = vocabulary.continuingSubwordPrefix
    return vocabulary.tokens.map { token in
      !prefix.isEmpty && token.unicodeScalars.count > prefix.count
        && zip(token.unicodeScalars, prefix).allSatisfy { $0.value == $1 }
    }
  }

  /// [CLS], [SEP], [PAD], [UNK], and [MASK] if there is one.
  public var specialTokenIDs: [Int32] { [cls, sep, pad, unk] + (mask.map { [$0] } ?? []) }
}
