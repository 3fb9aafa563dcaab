/// Pair merging for vocabulary training: words as token ids, and the counts of adjacent pairs, updated by every merge.
/// Does not know the tokens' texts.
///
/// A merge visits only the words that contain the pair. The count of a queued pair may be outdated and too high: it is
/// corrected when the pair is taken from the queue, so the cost is about proportional to the number of changes.
struct PairMerges {
  struct Pair {
    let left, right: Int32
    fileprivate(set) var count = 0
    /// Words that contain or contained the pair; may have duplicates.
    fileprivate var words = [Int32]()
    /// The count with which the pair is in the queue; 0 if it is not queued.
    fileprivate var queued = 0
  }

  /// All words, concatenated; a merge leaves a gap after the shortened word.
  private var tokens = [Int32]()
  private var starts = [Int]()
  private var lengths = [Int32]()
  private var wordCounts = [Int]()
  private var pairs = [Pair]()
  private var pairIndices = [UInt64: Int32]()
  private var queue = Queue()
  /// Pairs whose count has increased since they were last queued.
  private var changed = [Int32]()

  init(_ count: Int) {
    starts.reserveCapacity(count)
    lengths.reserveCapacity(count)
    wordCounts.reserveCapacity(count)
  }

  mutating func append(_ word: [Int32], count: Int) {
    starts.append(tokens.count)
    lengths.append(Int32(word.count))
    wordCounts.append(count)
    tokens.append(contentsOf: word)
  }

  /// Counts the pairs of all words; call once, after the last `append`.
  mutating func countPairs() {
    for word in starts.indices where lengths[word] > 1 {
      for i in starts[word]..<(starts[word] + Int(lengths[word]) - 1) { add(tokens[i], tokens[i + 1], word) }
    }
    enqueueChanged()
  }

  /// Takes the most frequent pair out of the queue; of equally frequent pairs, the one with the lower ids.
  /// - Returns: nil if no pair occurs `minFrequency` times.
  mutating func next(minFrequency: Int) -> Pair? {
    while let top = queue.pop() {
      let index = Int(pairIndices[top.key] ?? 0)
      // A pair whose count has increased is in the queue twice; skip the outdated entry.
      if pairs[index].queued != top.count { continue }
      pairs[index].queued = 0
      if pairs[index].count == top.count { return top.count < minFrequency ? nil : pairs[index] }
      changed.append(Int32(index))
      enqueueChanged()
    }
    return nil
  }

  /// Replaces every occurrence of `pair` with the token `new`.
  mutating func merge(_ pair: Pair, into new: Int32) {
    // The count is not reset, as in the library: if the pair forms again, the new occurrences are added to it, and
    // the pair is merged at once. Its token is already in the vocabulary.
    pairs[Int(pairIndices[key(pair.left, pair.right)] ?? 0)].words = []
    for word in pair.words { merge(pair, into: new, in: Int(word)) }
    enqueueChanged()
  }

  private mutating func merge(_ pair: Pair, into new: Int32, in word: Int) {
    let end = starts[word] + Int(lengths[word])
    var read = starts[word], write = read
    while read < end {
      guard read + 1 < end, tokens[read] == pair.left, tokens[read + 1] == pair.right else {
        tokens[write] = tokens[read]
        read += 1
        write += 1
        continue
      }
      if write > starts[word] {
        subtract(tokens[write - 1], pair.left, word)
        add(tokens[write - 1], new, word)
      }
      if read + 2 < end {
        subtract(pair.right, tokens[read + 2], word)
        add(new, tokens[read + 2], word)
      }
      tokens[write] = new
      read += 2
      write += 1
    }
    lengths[word] = Int32(write - starts[word])
  }

  private mutating func add(_ left: Int32, _ right: Int32, _ word: Int) {
    let index = pairIndex(left, right)
    pairs[index].count += wordCounts[word]
    if pairs[index].words.last != Int32(word) { pairs[index].words.append(Int32(word)) }
    if changed.last != Int32(index) { changed.append(Int32(index)) }
  }

  private mutating func subtract(_ left: Int32, _ right: Int32, _ word: Int) {
    pairs[pairIndex(left, right)].count -= wordCounts[word]
  }

  private mutating func pairIndex(_ left: Int32, _ right: Int32) -> Int {
    let key = key(left, right)
    if let index = pairIndices[key] { return Int(index) }
    pairIndices[key] = Int32(pairs.count)
    pairs.append(Pair(left: left, right: right))
    return pairs.count - 1
  }

  /// Queues the changed pairs whose count is higher than the queued one.
  private mutating func enqueueChanged() {
    for index in changed.map(Int.init) where pairs[index].count > pairs[index].queued {
      pairs[index].queued = pairs[index].count
      queue.push(Queue.Entry(count: pairs[index].count, key: key(pairs[index].left, pairs[index].right)))
    }
    changed.removeAll(keepingCapacity: true)
  }
}

private func key(_ left: Int32, _ right: Int32) -> UInt64 {
  UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
}

/// A binary heap: the highest count first; of equal counts, the lowest key.
private struct Queue {
  struct Entry {
    var count: Int
    var key: UInt64

    func precedes(_ other: Entry) -> Bool { count != other.count ? count > other.count : key < other.key }
  }

  private var heap = [Entry]()

  mutating func push(_ entry: Entry) {
    heap.append(entry)
    var index = heap.count - 1
    while index > 0, entry.precedes(heap[(index - 1) / 2]) {
      heap[index] = heap[(index - 1) / 2]
      index = (index - 1) / 2
    }
    heap[index] = entry
  }

  mutating func pop() -> Entry? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    if heap.isEmpty { return top }
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(last) else { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = last
    return top
  }
}
