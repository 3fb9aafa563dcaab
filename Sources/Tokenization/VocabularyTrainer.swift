/// Trains a WordPiece vocabulary on counted words like the `tokenizers` library's `WordPieceTrainer` (0.23): the most
/// frequent pair of adjacent tokens is merged until the vocabulary is full (Sennrich et al. 2016, algorithm 1).
/// Does not write files: `WordPiece.save(to:)` does.
/// ```swift
/// let tokens = try VocabularyTrainer(size: 8000).tokens(for: words)
/// try WordPiece(vocabulary: tokens, lowercase: true).save(to: "vocabularies/abstracts")
/// ```
package struct VocabularyTrainer: Sendable {
  /// Maximum number of tokens, including special tokens; there are fewer if the text has no more pairs.
  package var size: Int
  /// Pairs that occur less often are not merged.
  package var minFrequency: Int
  /// Maximum number of characters. If the text has more, the rarest are removed from its words.
  package var limitAlphabet: Int

  package init(size: Int, minFrequency: Int = 2, limitAlphabet: Int = 1000) {
    (self.size, self.minFrequency, self.limitAlphabet) = (size, minFrequency, limitAlphabet)
  }

  /// The vocabulary by id: [PAD] [UNK] [CLS] [SEP] [MASK]; the text's characters, by code point; the characters that
  /// continue a word, in order of appearance in the sorted words; then the merges in order. Of equally frequent pairs,
  /// the one with the lower ids is merged first. The library does not sort words, so two runs of it may differ there.
  /// - Throws: `VocabularyFault` if there are no words, or `size` is too small for the alphabet.
  package func tokens(for words: WordCounts) throws(VocabularyFault) -> [String] {
    if words.total == 0 { throw .noWords(files: []) }
    var table = TokenTable(
      specialTokens: SpecialTokenRole.allCases.map(\.defaultContent), alphabet: alphabet(of: words), words)
    var merges = PairMerges(words.count)
    for index in 0..<words.count {
      merges.append(table.characterTokens(of: words.scalars[words.range(index)]), count: words.counts[index])
    }
    guard table.count <= size else { throw .sizeTooSmall(size: size, required: table.count) }
    merges.countPairs()
    while table.count < size, let pair = merges.next(minFrequency: max(minFrequency, 1)) {
      merges.merge(pair, into: table.merged(pair.left, pair.right))
    }
    return table.texts.map { string(of: $0) }
  }

  /// The most frequent characters, by code point; of equally frequent ones, the lower code points.
  private func alphabet(of words: WordCounts) -> [UInt32] {
    var counts = [UInt32: Int]()
    for index in 0..<words.count {
      for scalar in words.scalars[words.range(index)] { counts[scalar, default: 0] += words.counts[index] }
    }
    return counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(limitAlphabet).map(\.key).sorted()
  }
}

/// The tokens so far, by id and by text.
private struct TokenTable {
  private(set) var texts = [[UInt32]]()
  private var ids = [[UInt32]: Int32]()
  private let prefix: [UInt32] = [0x23, 0x23]
  /// Ids of characters at the start of a word, and of those that continue one.
  private var initial = [UInt32: Int32]()
  private var continuation = [UInt32: Int32]()

  /// - Parameter alphabet: by code point. Each character becomes a token; those that continue a word, two.
  init(specialTokens: [String], alphabet: [UInt32], _ words: WordCounts) {
    for text in specialTokens { _ = id(of: scalars(of: text)) }
    for scalar in alphabet { initial[scalar] = id(of: [scalar]) }
    // In order of appearance, as in the library, whose words are in random hash order.
    for index in words.sorted {
      for scalar in words.scalars[words.range(index)].dropFirst() where initial[scalar] != nil {
        if continuation[scalar] == nil { continuation[scalar] = id(of: prefix + [scalar]) }
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

  /// The tokens of a word's characters. Characters that are not in the alphabet are skipped, as in the library.
  func characterTokens(of word: ArraySlice<UInt32>) -> [Int32] {
    word.enumerated().compactMap { position, scalar in position == 0 ? initial[scalar] : continuation[scalar] }
  }

  /// The merged token of a pair. It may exist already: `a` + `##bc` and `ab` + `##c` give the same token.
  mutating func merged(_ left: Int32, _ right: Int32) -> Int32 {
    let suffix = texts[Int(right)]
    return id(of: texts[Int(left)] + (suffix.starts(with: prefix) ? Array(suffix.dropFirst(prefix.count)) : suffix))
  }
}
