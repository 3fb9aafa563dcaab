/// The syntax tree of a pattern.

indirect enum PatternNode: Sendable {
  enum Assertion { case start, end, wordBoundary, notWordBoundary }
  enum Greed { case greedy, lazy, possessive }

  /// One character: a literal, a class or a dot.
  case character(ASCIISet)
  case assertion(Assertion)
  case sequence([PatternNode])
  case choice([PatternNode])
  case repetition(PatternNode, minimum: Int, maximum: Int, Greed)
  case atomic(PatternNode)
  case lookahead(PatternNode, isNegative: Bool)
  /// `width`: the length of everything that the node can match.
  case lookbehind(PatternNode, width: Int, isNegative: Bool)
}

extension PatternNode {
  /// The shortest and the longest match; lengths stop at `unlimited`.
  var width: ClosedRange<Int> {
    switch self {
    case .character: return 1...1
    case .assertion, .lookahead, .lookbehind: return 0...0
    case .atomic(let node): return node.width
    case .sequence(let nodes):
      let widths = nodes.map(\.width)
      return Self.range(widths.reduce(0) { $0 + $1.lowerBound }, widths.reduce(0) { $0 + $1.upperBound })
    case .choice(let nodes):
      let widths = nodes.map(\.width)
      return (widths.map(\.lowerBound).min() ?? 0)...(widths.map(\.upperBound).max() ?? 0)
    case .repetition(let node, let minimum, let maximum, _):
      let width = node.width
      return Self.range(width.lowerBound * minimum, width.upperBound * maximum)
    }
  }

  /// Larger than every name and every count.
  static let unlimited = 1 << 20

  private static func range(_ lower: Int, _ upper: Int) -> ClosedRange<Int> {
    min(lower, unlimited)...min(upper, unlimited)
  }
}

/// A set of ASCII characters.
struct ASCIISet: Sendable, Equatable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  init(_ bytes: some Sequence<UInt8> = []) { for byte in bytes { insert(byte) } }

  func contains(_ byte: UInt8) -> Bool {
    byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte - 64) & 1 == 1
  }

  mutating func insert(_ byte: UInt8) {
    if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
  }

  mutating func formUnion(_ other: Self) { (low, high) = (low | other.low, high | other.high) }

  var inverted: Self {
    var set = self
    (set.low, set.high) = (~low, ~high)
    return set
  }

  /// With both cases of every letter.
  var ignoringCase: Self {
    var set = self
    for byte in UInt8(ascii: "a")...UInt8(ascii: "z") where contains(byte) || contains(byte - 32) {
      set.insert(byte)
      set.insert(byte - 32)
    }
    return set
  }

  static let digits = Self(UInt8(ascii: "0")...UInt8(ascii: "9"))
  static let octalDigits = Self(UInt8(ascii: "0")...UInt8(ascii: "7"))
  static let hexDigits = Self("0123456789abcdefABCDEF".utf8)
  static let letters = Self(UInt8(ascii: "a")...UInt8(ascii: "z")).ignoringCase
  static let word: Self = {
    var set = letters
    set.formUnion(digits)
    set.insert(UInt8(ascii: "_"))
    return set
  }()
  /// `\s`; the separators 0x1C to 0x1F are whitespace in Python.
  static let whitespace = Self([9, 10, 11, 12, 13, 28, 29, 30, 31, 32])
  static let newline = Self([10])
}
