/// The merges of a BPE model, and the merging of one word's symbols. Does not know the tokens' texts.

struct MergeTable: Sendable {
  struct Merge: Sendable {
    /// Lower ranks are merged first.
    var rank: Int32
    /// The token that the pair becomes.
    var id: Int32
  }

  /// Pairs by hash, with linear probing; `freeSlot` if free. The size is a power of 2, at most half are used.
  private var pairs: [UInt64]
  private var merges: [Merge]

  /// - Parameter list: pairs by rank, each with the token that it becomes. The last rank of a repeated pair counts.
  init(_ list: [(left: Int32, right: Int32, merged: Int32)]) {
    var size = 16
    while size < 2 * list.count { size *= 2 }
    pairs = Array(repeating: freeSlot, count: size)
    merges = Array(repeating: Merge(rank: 0, id: 0), count: size)
    for (rank, entry) in list.enumerated() {
      let pair = pairKey(entry.left, entry.right)
      let slot = find(pair)
      pairs[slot] = pair
      merges[slot] = Merge(rank: Int32(rank), id: entry.merged)
    }
  }

  /// How two adjacent tokens are merged; nil if they are not.
  func merge(_ left: Int32, _ right: Int32) -> Merge? {
    let pair = pairKey(left, right)
    let slot = find(pair)
    return pairs[slot] == pair ? merges[slot] : nil
  }

  private func find(_ pair: UInt64) -> Int {
    let mask = pairs.count - 1
    var slot = Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while pairs[slot] != pair, pairs[slot] != freeSlot { slot = (slot + 1) & mask }
    return slot
  }
}

/// No pair of ids, which are not negative.
private let freeSlot = UInt64.max

private func pairKey(_ left: Int32, _ right: Int32) -> UInt64 {
  UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
}

/// The symbols of one word, which `merge` joins: first the pair of lowest rank, and of equal ones the leftmost
/// (Sennrich et al. 2016).
struct WordSymbols {
  struct Symbol {
    var id: Int32
    /// Bytes of the word, counted in the UTF-8 form of the byte alphabet; 0 once merged into the symbol before.
    var length: Int
    fileprivate var previous: Int
    fileprivate var next: Int?
    /// The merge with the next symbol; nil if there is none.
    fileprivate var merge: MergeTable.Merge?
  }

  private var symbols = [Symbol]()
  private var queue = MinHeap()

  /// Calls `body` with each symbol that is left.
  func forEach(_ body: (Symbol) -> Void) {
    for symbol in symbols where symbol.length > 0 { body(symbol) }
  }

  mutating func append(_ id: Int32, length: Int) {
    if !symbols.isEmpty { symbols[symbols.count - 1].next = symbols.count }
    symbols.append(Symbol(id: id, length: length, previous: symbols.count - 1))
  }

  mutating func merge(_ table: MergeTable) {
    for i in symbols.indices { enqueue(i, table) }
    while let (rank, position) = queue.pop() {
      // Outdated if one of the two symbols has been merged since.
      guard symbols[position].length > 0, let merge = symbols[position].merge, merge.rank == rank,
        let next = symbols[position].next
      else { continue }
      symbols[position].id = merge.id
      symbols[position].length += symbols[next].length
      symbols[position].next = symbols[next].next
      symbols[next].length = 0
      if let following = symbols[next].next { symbols[following].previous = position }
      enqueue(position, table)
      if symbols[position].previous >= 0 { enqueue(symbols[position].previous, table) }
    }
  }

  /// Queues the merge of the symbol with the next one.
  private mutating func enqueue(_ position: Int, _ table: MergeTable) {
    let merge = symbols[position].next.flatMap { table.merge(symbols[position].id, symbols[$0].id) }
    symbols[position].merge = merge
    if let merge { queue.push(rank: merge.rank, position: position) }
  }
}

/// A binary heap of positions: the lowest rank first, and of equal ranks the lowest position.
private struct MinHeap {
  private var heap = [UInt64]()

  mutating func push(rank: Int32, position: Int) {
    let entry = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(position)
    heap.append(entry)
    var index = heap.count - 1
    while index > 0, entry < heap[(index - 1) / 2] {
      heap[index] = heap[(index - 1) / 2]
      index = (index - 1) / 2
    }
    heap[index] = entry
  }

  mutating func pop() -> (rank: Int32, position: Int)? {
    guard let top = heap.first, let last = heap.popLast() else { return nil }
    var index = 0
    while !heap.isEmpty {
      var child = 2 * index + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      guard heap[child] < last else { break }
      heap[index] = heap[child]
      index = child
    }
    if !heap.isEmpty { heap[index] = last }
    return (Int32(truncatingIfNeeded: top >> 32), Int(top & 0xFFFF_FFFF))
  }
}
