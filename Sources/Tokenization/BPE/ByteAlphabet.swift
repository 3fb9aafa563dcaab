/// GPT-2's alphabet: a printable character for each byte, so that every text is a sequence of known characters.

enum ByteAlphabet {
  /// The character of each byte: itself if it is printable and not a space, else the next one from U+0100 on.
  static let scalars: [UInt32] = {
    var next: UInt32 = 0x100
    return (0..<256).map { (byte: UInt32) in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// `Ġ`, the character of a space.
  static let space = scalars[0x20]

  /// Calls `body` with each UTF-8 byte of the scalar `c`.
  static func forEachByte(of c: UInt32, _ body: (UInt8) -> Void) {
    switch c {
    case 0..<0x80: body(UInt8(c))
    case 0x80..<0x800:
      body(UInt8(0xC0 | c >> 6))
      body(UInt8(0x80 | c & 0x3F))
    case 0x800..<0x10000:
      body(UInt8(0xE0 | c >> 12))
      body(UInt8(0x80 | c >> 6 & 0x3F))
      body(UInt8(0x80 | c & 0x3F))
    default:
      body(UInt8(0xF0 | c >> 18))
      body(UInt8(0x80 | c >> 12 & 0x3F))
      body(UInt8(0x80 | c >> 6 & 0x3F))
      body(UInt8(0x80 | c & 0x3F))
    }
  }
}
