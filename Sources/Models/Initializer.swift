/// What a new weight starts from: chance that depends on the seed and the weight's name, and on nothing else.
public import Autograd
import Glibc

public enum Initializer: Sendable {
  case zero
  case one
  /// Normal with this standard deviation, mean 0.
  case normal(Double)
  /// Uniform between -limit and limit.
  case uniform(Double)

  public func fill(_ parameter: Parameter, seed: UInt64) {
    var generator = SplitMix64(seed: seed ^ fnv1a(parameter.name))
    for index in 0..<parameter.count {
      parameter.pointer[index] =
        switch self {
        case .zero: 0
        case .one: 1
        case .normal(let deviation): Float(generator.normal() * deviation)
        case .uniform(let limit): Float((generator.unit() * 2 - 1) * limit)
        }
    }
  }
}

/// SplitMix64 (Steele, Lea & Flood 2014): small, seedable, the same on every machine.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// In [0, 1), 53 bits.
  public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Standard normal (Box & Muller 1958).
  mutating func normal() -> Double { sqrt(-2 * log(1 - unit())) * cos(2 * .pi * unit()) }
}

/// FNV-1a of a text, 64 bits.
public func fnv1a(_ text: String) -> UInt64 {
  text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
