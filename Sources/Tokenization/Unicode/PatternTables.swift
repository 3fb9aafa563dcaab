/// Tables for byte-level BPE: the classes of GPT-2's pattern, and canonical composition. Decoded on first use.
struct PatternTables: Sendable {
  /// `PatternClass` by code point.
  let classes = CodePointMap(PatternData.classes)
  let compositions = Compositions(PatternData.compositions)

  static let shared = PatternTables()
}

/// Primary composites by their two parts; Hangul is computed (Unicode 15, §3.12).
struct Compositions: Sendable {
  private var composites = [UInt64: UInt32]()

  init(_ text: StaticString) {
    let all = numbers(text)
    var first: UInt32 = 0
    for i in stride(from: 0, to: all.count, by: 3) {
      first += all[i]
      composites[pairKey(first, all[i + 1])] = all[i + 2]
    }
  }

  /// The composite of two scalars; nil if there is none.
  func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    switch (first, second) {
    case (0x1100..<0x1113, 0x1161..<0x1176): 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28
    case (0xAC00..<0xD7A4, 0x11A8..<0x11C3) where (first - 0xAC00) % 28 == 0: first + second - 0x11A7
    default: composites[pairKey(first, second)]
    }
  }
}

private func pairKey(_ first: UInt32, _ second: UInt32) -> UInt64 { UInt64(first) << 32 | UInt64(second) }
