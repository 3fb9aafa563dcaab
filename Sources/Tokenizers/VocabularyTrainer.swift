/// Learns a WordPiece vocabulary from counted words, as the `tokenizers` library's WordPieceTrainer (0.23) does: the pair
/// of neighbouring pieces that occurs most becomes a piece, until there are enough (Sennrich et al. 2016, algorithm 1).
/// Does not write files: `WordPiece.save(to:)` does.
/// ```swift
/// let tokens = try VocabularyTrainer(size: 8000).tokens(for: words)
/// try WordPiece(vocabulary: tokens, lowercase: true).save(to: "vocabularies/abstracts")
/// ```
public struct VocabularyTrainer: Sendable {
  /// Tokens, special ones included; fewer come out where the text has no more pairs.
  public var size: Int
  /// Pairs that occur less often are not joined.
  public var minFrequency: Int
  /// Characters at most; the rarest of a text with more are left out of its words.
  public var alphabet: Int

  public init(size: Int, minFrequency: Int = 2, alphabet: Int = 1000) {
    (self.size, self.minFrequency, self.alphabet) = (size, minFrequency, alphabet)
  }

  /// The vocabulary by id: [PAD] [UNK] [CLS] [SEP] [MASK]; the characters that occur, by code point; those that continue
  /// a word, as they appear in the sorted words; then the joined pieces as they were found. Of pairs that occur equally
  /// often, the one with the lower ids comes first. Two runs of the library may differ there, for it does not sort words.
  /// - Throws: `VocabularyFault` for no words, or a size below that of the alphabet.
  public func tokens(for words: WordCounts) throws(VocabularyFault) -> [String] {
    if words.total == 0 { throw .noWords(files: []) }
    var pieces = Pieces(
      specials: SpecialTokenRole.allCases.map(\.defaultContent), alphabet: characters(of: words), words)
    var joins = PairMerges(words.count)
    for index in 0..<words.count {
      joins.append(pieces.spell(words.scalars[words.range(index)]), times: words.counts[index])
    }
    guard pieces.count <= size else { throw .sizeTooSmall(size: size, needed: pieces.count) }
    joins.countPairs()
    while pieces.count < size, let best = joins.next(atLeast: max(minFrequency, 1)) {
      joins.merge(best, into: pieces.joined(best.left, best.right))
    }
    return pieces.texts.map { string(of: $0) }
  }

  /// The most frequent characters, by code point; of equals the lower ones.
  private func characters(of words: WordCounts) -> [UInt32] {
    var counts = [UInt32: Int]()
    for index in 0..<words.count {
      for scalar in words.scalars[words.range(index)] { counts[scalar, default: 0] += words.counts[index] }
    }
    return counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(alphabet).map(\.key).sorted()
  }
}

/// The pieces so far, by id and by text.
private struct Pieces {
  private(set) var texts = [[UInt32]]()
  private var ids = [[UInt32]: Int32]()
  private let prefix: [UInt32] = [0x23, 0x23]
  private var begins = [UInt32: Int32]()
  private var continues = [UInt32: Int32]()

  /// - Parameter alphabet: by code point. All of it are pieces; what stands inside some word continues words too.
  init(specials: [String], alphabet: [UInt32], _ words: WordCounts) {
    for text in specials { _ = id(of: scalars(of: text)) }
    for scalar in alphabet { begins[scalar] = id(of: [scalar]) }
    // As they appear, which is the library's order too; only that its words stand in the order of a random hash.
    for index in words.sorted {
      for scalar in words.scalars[words.range(index)].dropFirst() where begins[scalar] != nil {
        if continues[scalar] == nil { continues[scalar] = id(of: prefix + [scalar]) }
      }
    }
  }

  var count: Int { texts.count }

  private mutating func id(of text: [UInt32]) -> Int32 {
    if let id = ids[text] { return id }
    let id = Int32(texts.count)
    texts.append(text)
    ids[text] = id
    return id
  }

  /// A character that is not in the alphabet is left out, as in the library.
  func spell(_ word: ArraySlice<UInt32>) -> [Int32] {
    word.enumerated().compactMap { place, scalar in place == 0 ? begins[scalar] : continues[scalar] }
  }

  /// The piece of two, which may be there already: `a` + `##bc` and `ab` + `##c` are one.
  mutating func joined(_ left: Int32, _ right: Int32) -> Int32 {
    let second = texts[Int(right)]
    return id(of: texts[Int(left)] + (second.starts(with: prefix) ? Array(second.dropFirst(prefix.count)) : second))
  }
}
