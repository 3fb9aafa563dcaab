/// FNV-1a, 64 bits (Fowler, Noll & Vo 1991): a fast hash for names and checksums. Does not resist an attacker.

public struct FNV1a: Sendable {
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  public init() {}

  /// Takes in one byte, or a wider word at once.
  public mutating func add(_ word: UInt64) { value = (value ^ word) &* 0x100_0000_01B3 }
}

/// The hash of a text's UTF-8 bytes.
public func fnv1a(_ text: String) -> UInt64 {
  var hash = FNV1a()
  for byte in text.utf8 { hash.add(UInt64(byte)) }
  return hash.value
}
