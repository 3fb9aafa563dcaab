/// The distinct words of texts, as split by BERT's pre-tokenizer, and how often each occurs. Needs no vocabulary.
///
/// Words are compared by scalars, as in `Vocabulary`, and ordered by first occurrence.
/// ```swift
/// var words = WordCounts()
/// try forEachPart(in: "notes.txt", fields: ["text"]) { words.add($0.text, splitBy: tokenizer) }
/// ```
package struct WordCounts: Sendable {
  /// Number of words including repetitions.
  package private(set) var total = 0
  private(set) var counts = [Int]()
  private(set) var scalars = [UInt32]()
  private var ends = [Int]()
  /// Words by hash, with linear probing; -1 if free. The size is a power of 2, at most half are used.
  private var slots = [Int32](repeating: -1, count: 1024)

  package init() {}

  /// Adds the words of `text`, normalized and split by `tokenizer`. Its added tokens, such as [MASK], are not words.
  package mutating func add(_ text: String, splitBy tokenizer: WordPiece) {
    tokenizer.forEachPart(of: Tokenization.scalars(of: text)) { _, _, _ in
    } word: { normalized, word in
      add(normalized.scalars, word)
    }
  }

  /// Adds the words of `text` with BERT's default normalizer, for training a new vocabulary.
  package mutating func add(_ text: String, lowercase: Bool) {
    let scalars = Tokenization.scalars(of: text)
    let normalizer = Normalizer(cleanText: true, handleChineseChars: true, stripAccents: nil, lowercase: lowercase)
    let normalized = normalizer.normalize(scalars, scalars.indices).scalars
    forEachWord(normalized, normalized.indices) { add(normalized, $0) }
  }

  /// Number of distinct words.
  package var count: Int { counts.count }

  /// The range in `scalars` of the word at `index`.
  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  /// The indices of the words, sorted by scalars: independent of the order of the texts.
  var sorted: [Int] {
    (0..<count).sorted { scalars[range($0)].lexicographicallyPrecedes(scalars[range($1)]) }
  }

  mutating func add(_ text: [UInt32], _ range: Range<Int>) {
    total += 1
    let slot = find(text, range)
    if slots[slot] >= 0 {
      counts[Int(slots[slot])] += 1
      return
    }
    slots[slot] = Int32(count)
    scalars.append(contentsOf: text[range])
    ends.append(scalars.count)
    counts.append(1)
    if 2 * count > slots.count { grow() }
  }

  private func find(_ text: [UInt32], _ range: Range<Int>) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: text[range].reduce(emptyHash, extend) >> 20) & mask
    while slots[slot] >= 0, !matches(Int(slots[slot]), text, range) { slot = (slot + 1) & mask }
    return slot
  }

  private func matches(_ index: Int, _ text: [UInt32], _ range: Range<Int>) -> Bool {
    let wordRange = self.range(index)
    guard wordRange.count == range.count else { return false }
    let shift = wordRange.lowerBound - range.lowerBound
    for i in range where scalars[i + shift] != text[i] { return false }
    return true
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: 2 * slots.count)
    for index in counts.indices { slots[find(scalars, range(index))] = Int32(index) }
  }
}
