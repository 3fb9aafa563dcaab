/// The distinct words of texts, as BERT splits them, and how often each occurs. Does not know any vocabulary.
///
/// Words are told apart by scalars, as in `Vocabulary`. They stand in the order of their first occurrence.
/// ```swift
/// var words = WordCounts()
/// try forEachText(in: "notes.txt", fields: ["text"]) { words.add($0, splitAs: tokenizer) }
/// ```
public struct WordCounts: Sendable {
  /// Words with their repetitions.
  public private(set) var total = 0
  private(set) var counts = [Int]()
  private(set) var scalars = [UInt32]()
  private var ends = [Int]()
  /// Words by hash with linear probing, -1 where free; the count is a power of 2, at most half are taken.
  private var slots = [Int32](repeating: -1, count: 1024)

  public init() {}

  /// Adds the words of `text`; the tokens that were added to the tokenizer's vocabulary, such as [MASK], are none.
  public mutating func add(_ text: String, splitAs tokenizer: WordPiece) {
    tokenizer.forEachPart(of: Tokenizers.scalars(of: text)) { _, _, _ in
    } word: { normalized, word in
      add(normalized.scalars, word)
    }
  }

  /// Adds the words of `text` as BERT splits it, before there is a vocabulary.
  public mutating func add(_ text: String, lowercase: Bool) {
    let scalars = Tokenizers.scalars(of: text)
    let normalizer = Normalizer(cleanText: true, handleChineseChars: true, stripAccents: nil, lowercase: lowercase)
    let normalized = normalizer.normalize(scalars, scalars.indices).scalars
    forEachWord(normalized, normalized.indices) { add(normalized, $0) }
  }

  /// How many distinct words there are.
  public var count: Int { counts.count }

  /// Where in `scalars` the word at `index` stands.
  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  /// The indices of the words by their scalars, whatever the order of the texts.
  var sorted: [Int] {
    (0..<count).sorted { scalars[range($0)].lexicographicallyPrecedes(scalars[range($1)]) }
  }

  mutating func add(_ text: [UInt32], _ range: Range<Int>, times: Int = 1) {
    total += times
    let slot = find(text, range)
    if slots[slot] >= 0 {
      counts[Int(slots[slot])] += times
      return
    }
    slots[slot] = Int32(count)
    scalars.append(contentsOf: text[range])
    ends.append(scalars.count)
    counts.append(times)
    if 2 * count > slots.count { grow() }
  }

  private func find(_ text: [UInt32], _ range: Range<Int>) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: text[range].reduce(emptyHash, extend) >> 20) & mask
    while slots[slot] >= 0, !holds(Int(slots[slot]), text, range) { slot = (slot + 1) & mask }
    return slot
  }

  private func holds(_ index: Int, _ text: [UInt32], _ range: Range<Int>) -> Bool {
    let own = self.range(index)
    guard own.count == range.count else { return false }
    let shift = own.lowerBound - range.lowerBound
    for i in range where scalars[i + shift] != text[i] { return false }
    return true
  }

  private mutating func grow() {
    slots = Array(repeating: -1, count: 2 * slots.count)
    for index in counts.indices { slots[find(scalars, range(index))] = Int32(index) }
  }
}
