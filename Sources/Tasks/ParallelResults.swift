/// Groups of work for several threads, and the collection of their results.
import Synchronization

/// Groups sequences of similar length into batches of about `tokens` tokens, so that threads get equal work.
func lengthGroups(lengths: [Int], tokens: Int) -> [[Int]] {
  let longestFirst = lengths.indices.sorted { (lengths[$0], $0) > (lengths[$1], $1) }
  return groups(of: longestFirst, tokens: tokens) { lengths[$0] }
}

/// Groups of at most `tokens` tokens, in the order of `sequences`; a longer sequence is a group of its own.
package func groups(of sequences: [Int], tokens limit: Int, length: (Int) -> Int) -> [[Int]] {
  var groups: [[Int]] = [], tokens = 0
  for sequence in sequences {
    let length = length(sequence)
    if groups.isEmpty || tokens + length > limit {
      groups.append([])
      tokens = 0
    }
    groups[groups.count - 1].append(sequence)
    tokens += length
  }
  return groups
}

/// One result per index, written by several threads.
package final class Results<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  package init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  package func set(_ index: Int, _ value: Value) { values.withLock { $0[index] = value } }

  package var all: [Value] { values.withLock { $0.compactMap { $0 } } }
}
