/// FNV-1a, 64 bits (Fowler, Noll & Vo 1991): a fast hash for names and checksums. Not collision-resistant.

package struct FNV1a: Sendable {
  package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  package init() {}

  /// Adds one byte, or an integer of up to 64 bits in one step.
  package mutating func add(_ integer: UInt64) { value = (value ^ integer) &* 0x100_0000_01B3 }
}

/// The hash of a text's UTF-8 bytes.
package func fnv1a(_ text: String) -> UInt64 {
  var hash = FNV1a()
  for byte in text.utf8 { hash.add(UInt64(byte)) }
  return hash.value
}
