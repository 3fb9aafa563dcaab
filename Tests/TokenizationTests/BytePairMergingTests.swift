/// The parts of byte-level BPE: merging against plain loops, and Unicode composition.
import Hashing
import Testing

@testable import Tokenization

/// Merges by definition: as long as there is one, the leftmost pair of the lowest rank.
private func mergedByLoops(_ word: [Int32], _ table: MergeTable) -> [Int32] {
  var word = word
  while true {
    let merges = (0..<max(word.count - 1, 0)).compactMap { index in
      table.merge(word[index], word[index + 1]).map { (rank: $0.rank, index: index, id: $0.id) }
    }
    guard let first = merges.min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) else { return word }
    word.replaceSubrange(first.index..<(first.index + 2), with: [first.id])
  }
}

@Test func `merging with a queue equals merging by definition`() {
  var generator = SplitMix64(seed: 7)
  for _ in 0..<40 {
    // The tokens 0 to 2 are letters; each merge makes a new token of two that exist.
    let merges = (3..<Int32(30)).map { new in
      (
        left: Int32.random(in: 0..<new, using: &generator), right: Int32.random(in: 0..<new, using: &generator),
        merged: new
      )
    }
    let table = MergeTable(merges.shuffled(using: &generator))
    for length in [0, 1, 2, 3, 5, 20, 60] {
      let word = (0..<length).map { _ in Int32.random(in: 0..<3, using: &generator) }
      var symbols = WordSymbols()
      for id in word { symbols.append(id, length: 1) }
      symbols.merge(table)
      var ids = [Int32](), total = 0
      symbols.forEach {
        ids.append($0.id)
        total += $0.length
      }
      #expect(ids == mergedByLoops(word, table) && total == length)
    }
  }
}

@Test func `a word of a hundred thousand letters is merged in reasonable time`() {
  let table = MergeTable([(left: 0, right: 1, merged: 2), (left: 2, right: 2, merged: 3)])
  var symbols = WordSymbols()
  for index in 0..<100_000 { symbols.append(Int32(index % 2), length: 1) }
  symbols.merge(table)
  var count = 0
  symbols.forEach { if $0.id == 3, $0.length == 4 { count += 1 } }
  #expect(count == 25_000)
}

@Test func `a cache that is full, and words that are too long for it, give the same tokens`() {
  var generator = SplitMix64(seed: 3)
  var cache = WordCache(capacity: 40)
  for _ in 0..<5000 {
    let length = Int.random(in: 0..<200, using: &generator) == 0 ? 300 : Int.random(in: 1...2, using: &generator)
    let text = (0..<length).map { _ in UInt32.random(in: 0x61...0x6A, using: &generator) }
    let expected = text.map { WordToken(id: Int32($0), start: 0, end: 1) }
    var found = [WordToken]()
    cache.forEachToken([0x20] + text, 1..<(length + 1)) {
      expected
    } _: {
      found.append($0)
    }
    #expect(found == expected)
  }
}

@Test func `the byte alphabet is GPT-2's, and bytes are those of UTF-8`() {
  #expect(Set(ByteAlphabet.scalars).count == 256 && string(of: [ByteAlphabet.space]) == "Ġ")
  #expect(string(of: [0, 0x0A, 0x21, 0x7F, 0xA0, 0xAD, 0xFF].map { ByteAlphabet.scalars[$0] }) == "ĀĊ!ġłŃÿ")
  for c in ["\0", "a", "\u{7F}", "\u{80}", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"]
    as [Unicode.Scalar]
  {
    var bytes = [UInt8]()
    ByteAlphabet.forEachByte(of: c.value) { bytes.append($0) }
    #expect(bytes == Array(String(c).utf8))
  }
}

@Test func `composition equals the library's for every character with decomposed neighbors`() {
  // tokenizers 0.23.3: NFC().normalize_str(chr(c) + "\\u0323\\u0307\\u3099\\u11a8") of each code point c in the blocks,
  // its code points hashed with FNV-1a. Python's unicodedata differs in marks that are newer than the library's tables.
  var hash = FNV1a()
  let blocks: [ClosedRange<UInt32>] = [
    0x20...0x33FF, 0xA980...0xD7FF, 0xF900...0xFFFF, 0x11000...0x119FF, 0x1D100...0x1D1FF, 0x2F800...0x2FA1F,
  ]
  for c in blocks.joined() {
    let text: [UInt32] = [c, 0x323, 0x307, 0x3099, 0x11A8]
    for scalar in composedText(text, text.indices).scalars {
      hash.add(UInt64(scalar))
    }
  }
  #expect(hash.value == 0x3D4F_3B71_A975_1AE7)
}

@Test func `a composite is aligned with its first part, and a decomposition with its character`() {
  func alignments(_ text: String) -> [Int] {
    let text = scalars(of: text)
    return composedText(text, text.indices).alignments
  }
  #expect(alignments("xe\u{301}y") == [0, 1, 3])
  // U+0958 is excluded from composition.
  #expect(alignments("x\u{958}y") == [0, 1, 1, 2])
  #expect(alignments("\u{1100}\u{1161}\u{11A8}a") == [0, 3])
}
