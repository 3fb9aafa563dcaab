/// Remembers the tokens of words, since a few thousand words make up most of a text. Does not tokenize.
import Synchronization

/// One token of a word, with the word's scalars that its bytes belong to.
struct WordToken: Sendable, Equatable {
  var id: Int32
  var start, end: Int32
}

/// Tokens by word. Not shared between threads while in use.
struct WordCache: Sendable {
  /// Longer words are not stored.
  static let maxWordLength = 256

  /// How many words are stored; the next one replaces them all.
  private let capacity: Int

  private struct Entry: Sendable {
    var word, tokens: Range<Int>
  }

  private var words = [UInt32]()
  private var tokens = [WordToken]()
  private var entries = [Entry]()
  /// Entries by hash, with linear probing; -1 if free.
  private var slots = [Int32](repeating: -1, count: 1 << 10)

  init(capacity: Int = 1 << 16) { self.capacity = capacity }

  /// Calls `body` with each token of `text[range]`; `tokenize` returns those of a word that is not stored.
  mutating func forEachToken(
    _ text: [UInt32], _ range: Range<Int>, tokenize: () -> [WordToken], _ body: (WordToken) -> Void
  ) {
    let slot = find(text, range)
    if slots[slot] >= 0 {
      for i in entries[Int(slots[slot])].tokens { body(tokens[i]) }
      return
    }
    let new = tokenize()
    for token in new { body(token) }
    if range.count <= WordCache.maxWordLength { store(text, range, new) }
  }

  private mutating func store(_ text: [UInt32], _ range: Range<Int>, _ new: [WordToken]) {
    if entries.count == capacity {
      words.removeAll(keepingCapacity: true)
      tokens.removeAll(keepingCapacity: true)
      entries.removeAll(keepingCapacity: true)
      for i in slots.indices { slots[i] = -1 }
    } else if 2 * (entries.count + 1) > slots.count {
      slots = Array(repeating: -1, count: 2 * slots.count)
      for i in entries.indices { slots[find(words, entries[i].word)] = Int32(i) }
    }
    slots[find(text, range)] = Int32(entries.count)
    let (word, first) = (words.count, tokens.count)
    words.append(contentsOf: text[range])
    tokens.append(contentsOf: new)
    entries.append(Entry(word: word..<words.count, tokens: first..<tokens.count))
  }

  /// The slot of the word `text[range]`, or the free slot for it.
  private func find(_ text: [UInt32], _ range: Range<Int>) -> Int {
    var hash = emptyHash
    for i in range { hash = extend(hash, text[i]) }
    var slot = Int(truncatingIfNeeded: hash >> 20) & (slots.count - 1)
    while slots[slot] >= 0, !isWord(entries[Int(slots[slot])].word, text, range) {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private func isWord(_ word: Range<Int>, _ text: [UInt32], _ range: Range<Int>) -> Bool {
    guard word.count == range.count else { return false }
    for i in 0..<word.count where words[word.lowerBound + i] != text[range.lowerBound + i] { return false }
    return true
  }
}

/// A cache for each thread that encodes at the same time.
final class WordCaches: Sendable {
  private let unused = Mutex<[WordCache]>([])

  /// Calls `body` with a cache that no other thread uses.
  func withCache<Result>(_ body: (inout WordCache) -> Result) -> Result {
    var cache = unused.withLock { $0.popLast() } ?? WordCache()
    defer { unused.withLock { $0.append(cache) } }
    return body(&cache)
  }
}
