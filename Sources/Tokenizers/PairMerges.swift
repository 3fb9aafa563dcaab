/// Words in pieces, and how often each pair of neighbours occurs in them, kept right while pieces are joined.
/// Does not know what the pieces are: to it they are numbers.
///
/// A join looks only at the words that have the pair. The queue holds a pair with a count that may have become too high:
/// it is put right when it comes up. So n joins cost about as much as writing down what they change.
struct PairMerges {
  struct Pair {
    let left, right: Int32
    fileprivate(set) var count = 0
    /// Words that have the pair, or had it; some twice.
    fileprivate var words = [Int32]()
    /// The count that the pair is in the queue with; 0 where it is not.
    fileprivate var queued = 0
  }

  /// All words end to end; a word that was joined leaves a gap behind it.
  private var pieces = [Int32]()
  private var starts = [Int]()
  private var lengths = [Int32]()
  private var times = [Int]()
  private var pairs = [Pair]()
  private var places = [UInt64: Int32]()
  private var queue = Queue()
  private var touched = [Int32]()

  init(_ count: Int) {
    starts.reserveCapacity(count)
    lengths.reserveCapacity(count)
    times.reserveCapacity(count)
  }

  mutating func append(_ word: [Int32], times count: Int) {
    starts.append(pieces.count)
    lengths.append(Int32(word.count))
    times.append(count)
    pieces.append(contentsOf: word)
  }

  /// Counts the pairs of all words; comes once, after the last word.
  mutating func countPairs() {
    for word in starts.indices where lengths[word] > 1 {
      for at in starts[word]..<(starts[word] + Int(lengths[word]) - 1) { add(pieces[at], pieces[at + 1], word) }
    }
    enqueueTouched()
  }

  /// Takes the pair that occurs most out of the queue; of equals, the one with the lower numbers.
  /// - Returns: nil where none occurs `least` times.
  mutating func next(atLeast least: Int) -> Pair? {
    while let top = queue.pop() {
      let place = Int(places[top.key] ?? 0)
      // A pair whose count rose is there once more, and has come up before.
      if pairs[place].queued != top.count { continue }
      pairs[place].queued = 0
      if pairs[place].count == top.count { return top.count < least ? nil : pairs[place] }
      touched.append(Int32(place))
      enqueueTouched()
    }
    return nil
  }

  /// Makes every occurrence of `pair` the one piece `new`.
  mutating func merge(_ pair: Pair, into new: Int32) {
    // The count stays, as in the library: should the pair form anew, its occurrences are added to the old ones and it is
    // joined at once. Its piece is in the vocabulary already.
    pairs[Int(places[key(pair.left, pair.right)] ?? 0)].words = []
    for word in pair.words { join(pair, into: new, in: Int(word)) }
    enqueueTouched()
  }

  private mutating func join(_ pair: Pair, into new: Int32, in word: Int) {
    let end = starts[word] + Int(lengths[word])
    var read = starts[word], write = read
    while read < end {
      guard read + 1 < end, pieces[read] == pair.left, pieces[read + 1] == pair.right else {
        pieces[write] = pieces[read]
        read += 1
        write += 1
        continue
      }
      if write > starts[word] {
        subtract(pieces[write - 1], pair.left, word)
        add(pieces[write - 1], new, word)
      }
      if read + 2 < end {
        subtract(pair.right, pieces[read + 2], word)
        add(new, pieces[read + 2], word)
      }
      pieces[write] = new
      read += 2
      write += 1
    }
    lengths[word] = Int32(write - starts[word])
  }

  private mutating func add(_ left: Int32, _ right: Int32, _ word: Int) {
    let place = place(left, right)
    pairs[place].count += times[word]
    if pairs[place].words.last != Int32(word) { pairs[place].words.append(Int32(word)) }
    if touched.last != Int32(place) { touched.append(Int32(place)) }
  }

  private mutating func subtract(_ left: Int32, _ right: Int32, _ word: Int) {
    pairs[place(left, right)].count -= times[word]
  }

  private mutating func place(_ left: Int32, _ right: Int32) -> Int {
    let key = key(left, right)
    if let place = places[key] { return Int(place) }
    places[key] = Int32(pairs.count)
    pairs.append(Pair(left: left, right: right))
    return pairs.count - 1
  }

  /// Puts the pairs that were added to into the queue, where they are not in it with as high a count.
  private mutating func enqueueTouched() {
    for place in touched.map(Int.init) where pairs[place].count > pairs[place].queued {
      pairs[place].queued = pairs[place].count
      queue.push(Queue.Entry(count: pairs[place].count, key: key(pairs[place].left, pairs[place].right)))
    }
    touched.removeAll(keepingCapacity: true)
  }
}

private func key(_ left: Int32, _ right: Int32) -> UInt64 {
  UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
}

/// A binary heap: the highest count on top, of equals the lowest key.
private struct Queue {
  struct Entry {
    var count: Int
    var key: UInt64

    func precedes(_ other: Entry) -> Bool { count != other.count ? count > other.count : key < other.key }
  }

  private var heap = [Entry]()

  mutating func push(_ entry: Entry) {
    heap.append(entry)
    var at = heap.count - 1
    while at > 0, entry.precedes(heap[(at - 1) / 2]) {
      heap[at] = heap[(at - 1) / 2]
      at = (at - 1) / 2
    }
    heap[at] = entry
  }

  mutating func pop() -> Entry? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    if heap.isEmpty { return top }
    var at = 0
    while true {
      var child = 2 * at + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
      guard heap[child].precedes(last) else { break }
      heap[at] = heap[child]
      at = child
    }
    heap[at] = last
    return top
  }
}
