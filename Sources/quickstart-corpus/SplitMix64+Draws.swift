/// Draws from the seeded generator: numbers, items, percentages, permutations.
import Hashing

extension SplitMix64 {
  /// A number in `0..<count`; the modulo's bias is below 2^-50 for counts of this size.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

  mutating func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

  mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

  /// True in `percent` of 100 draws.
  mutating func isTrue(percent: Int) -> Bool { below(100) < percent }

  /// Fisher–Yates.
  mutating func permuted<T>(_ items: [T]) -> [T] {
    var items = items
    for index in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(index, below(index + 1)) }
    return items
  }
}
