/// What masked-language modelling asks of a tokenizer: ids of running text, and which ids are of what kind.

extension WordPiece {
  /// The ids of running text, without [CLS] and [SEP]: those of `encode(_:specials:)`, without their tokens and places.
  public func ids(_ text: String) -> [Int32] { pieces(ofWord: text) }

  /// By id: whether the token goes on with a word (`##itis`).
  public var isContinuation: [Bool] {
    let prefix = vocabulary.prefix
    return vocabulary.tokens.map { token in
      !prefix.isEmpty && token.unicodeScalars.count > prefix.count
        && zip(token.unicodeScalars, prefix).allSatisfy { $0.value == $1 }
    }
  }

  /// [CLS], [SEP], [PAD], [UNK], and [MASK] where there is one.
  public var specialIDs: [Int32] { [cls, sep, pad, unk] + (mask.map { [$0] } ?? []) }
}
