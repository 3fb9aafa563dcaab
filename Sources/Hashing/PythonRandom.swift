/// Python's `random`, for data that a script has shuffled with a known seed. Not for secrets.

package struct PythonRandom: Sendable {
  private var twister: MersenneTwister

  /// `random.seed(seed)`.
  package init(seed: UInt32) { twister = MersenneTwister(key: [seed]) }

  /// A number below `bound`, as `shuffle` and `choice` draw it.
  /// - Precondition: `0 < bound < 2³²`
  package mutating func below(_ bound: Int) -> Int {
    let bits = Int.bitWidth - bound.leadingZeroBitCount
    precondition((1...32).contains(bits), "below: a bound of \(bound)")
    while true {
      let number = Int(twister.next() >> (32 - bits))
      if number < bound { return number }
    }
  }

  /// `random.shuffle(elements)`.
  package mutating func shuffle<Element>(_ elements: inout [Element]) {
    for index in (1..<max(elements.count, 1)).reversed() { elements.swapAt(index, below(index + 1)) }
  }
}
