/// Seeded chance that gives the same draws on every machine (splitmix64: Steele, Lea & Flood 2014). Not for secrets.
struct SplitMix {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number in `0..<count`; the modulo's bias is below 2^-50 for counts of this size.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

  mutating func number(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

  mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }

  /// Fisher–Yates.
  mutating func shuffled<T>(_ items: [T]) -> [T] {
    var items = items
    for index in stride(from: items.count - 1, to: 0, by: -1) { items.swapAt(index, below(index + 1)) }
    return items
  }
}
