/// Groups of work for several threads, and the collection of their results.
import Synchronization

/// Groups sequences of similar length into batches of about `tokens` tokens, so that threads get equal work.
func lengthGroups(lengths: [Int], tokens: Int) -> [[Int]] {
  var groups: [[Int]] = [], tokenCount = 0
  for index in lengths.indices.sorted(by: { (lengths[$0], $0) > (lengths[$1], $1) }) {
    if groups.isEmpty || tokenCount + lengths[index] > tokens {
      groups.append([])
      tokenCount = 0
    }
    groups[groups.count - 1].append(index)
    tokenCount += lengths[index]
  }
  return groups
}

/// One result per index, written by several threads.
final class Results<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ value: Value) { values.withLock { $0[index] = value } }

  var all: [Value] { values.withLock { $0.compactMap { $0 } } }
}
