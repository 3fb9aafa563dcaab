/// Random numbers, items, percentages and permutations from the seeded generator.
import Hashing

extension SplitMix64 {
  /// Uniform in `0..<count`, with a modulo bias below 2^-50 for the counts used here.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

  mutating func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

  mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

  /// True with a probability of `percent` %.
  mutating func isTrue(percent: Int) -> Bool { below(100) < percent }

  /// Fisher–Yates shuffle.
  mutating func permuted<T>(_ items: [T]) -> [T] {
    var items = items
    for index in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(index, below(index + 1)) }
    return items
  }
}
