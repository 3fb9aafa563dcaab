/// How well a vocabulary spells the words of texts: in how many pieces, and which not at all.
public struct Fertility: Sendable, Equatable {
  /// Words with their repetitions; a punctuation mark is one.
  public var words = 0
  /// An unknown word is one piece.
  public var pieces = 0
  /// Words that are one piece, and not the unknown one.
  public var singleTokenWords = 0
  public var unknown = 0

  public var piecesPerWord: Double { Double(pieces) / Double(max(words, 1)) }
  /// Shares of the words, from 0 to 1.
  public var singleTokenShare: Double { Double(singleTokenWords) / Double(max(words, 1)) }
  public var unknownShare: Double { Double(unknown) / Double(max(words, 1)) }
}

extension WordPiece {
  /// How this tokenizer spells words that were counted by itself or one that splits texts alike.
  public func fertility(of words: WordCounts) -> Fertility {
    var spelling = Fertility(words: words.total)
    for (index, count) in words.counts.enumerated() {
      let pieces = tokenize(words, index).count
      spelling.pieces += max(pieces, 1) * count
      if pieces == 1 { spelling.singleTokenWords += count }
      if pieces == 0 { spelling.unknown += count }
    }
    return spelling
  }

  /// The pieces of the word at `index`; none when it is unknown.
  func tokenize(_ words: WordCounts, _ index: Int) -> [Int32] {
    var ids = [Int32]()
    let range = words.range(index)
    guard range.count <= maxInputCharsPerWord, pieces.forEachPiece(words.scalars, range, { id, _ in ids.append(id) })
    else {
      return []
    }
    return ids
  }
}
