/// How many tokens each training sequence has: known, or counted when it is first asked for.
import Synchronization

/// Where each of several parts begins if one follows the other, and where the last one ends: 0, 3, 5 of 3, 2.
package func offsets(ofParts sizes: [Int]) -> [Int] {
  sizes.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
}

package struct SequenceLengths: RandomAccessCollection, Sendable {
  private enum Source {
    case known([Int])
    case counted(Counter)
  }

  private let source: Source
  package let count: Int

  package init(_ lengths: [Int]) { (source, count) = (.known(lengths), lengths.count) }

  /// - Parameter length: of the sequence with this index.
  init(count: Int, _ length: @escaping @Sendable (Int) -> Int) {
    (source, self.count) = (.counted(Counter(count: count, length)), count)
  }

  /// One after the other.
  package init(joining all: [SequenceLengths]) {
    let starts = offsets(ofParts: all.map(\.count))
    self.init(count: starts[all.count]) { index in
      let number = starts.indices.dropLast().last { starts[$0] <= index } ?? 0
      return all[number][index - starts[number]]
    }
  }

  package var startIndex: Int { 0 }
  package var endIndex: Int { count }

  package subscript(index: Int) -> Int {
    switch source {
    case .known(let lengths): lengths[index]
    case .counted(let counter): counter[index]
    }
  }

  /// Keeps what it has counted.
  private final class Counter: Sendable {
    private let counts: Mutex<[Int32]>
    private let length: @Sendable (Int) -> Int

    init(count: Int, _ length: @escaping @Sendable (Int) -> Int) {
      counts = Mutex([Int32](repeating: -1, count: count))
      self.length = length
    }

    subscript(index: Int) -> Int {
      let known = counts.withLock { $0[index] }
      if known >= 0 { return Int(known) }
      let count = length(index)
      counts.withLock { $0[index] = Int32(count) }
      return count
    }
  }
}
