/// The strings of a JSON text: UTF-8 and escapes.

extension JSONParser {
  /// The string whose opening quote is at `offset`. One without escapes is validated and copied in one step.
  mutating func string() throws(SyntaxError) -> String {
    let quote = offset
    offset += 1
    var start = offset
    var unescaped: [UInt8] = []
    while offset < bytes.count {
      switch bytes[offset] {
      case UInt8(ascii: "\""):
        let tail = UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        offset += 1
        let text =
          unescaped.isEmpty
          ? String(validating: tail, as: UTF8.self) : String(validating: unescaped + tail, as: UTF8.self)
        guard let text else { throw SyntaxError(offset: quote, why: "found a string with bytes that are not UTF-8") }
        return text
      case UInt8(ascii: "\\"):
        unescaped += bytes[start..<offset]
        offset += 1
        unescaped += try escape()
        start = offset
      case 0..<0x20: throw syntaxError("found \(found) inside a string; write it as an escape")
      default: offset += 1
      }
    }
    throw SyntaxError(offset: quote, why: "found a string without a closing quote")
  }

  /// The UTF-8 bytes of the escape whose backslash has been read.
  private mutating func escape() throws(SyntaxError) -> [UInt8] {
    let letters: [(String, UInt8)] = [
      ("\"", 0x22), ("\\", 0x5C), ("/", 0x2F), ("b", 0x08), ("f", 0x0C), ("n", 0x0A), ("r", 0x0D), ("t", 0x09),
    ]
    for (letter, byte) in letters where take(letter) { return [byte] }
    let start = offset - 1
    guard take("u") else { throw expected("an escape after the backslash") }
    var code = try fourHexDigits()
    if 0xD800..<0xDC00 ~= code, take("\\u") {
      let low = try fourHexDigits()
      if 0xDC00..<0xE000 ~= low { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw SyntaxError(offset: start, why: "found an unpaired surrogate, which is not a character")
    }
    return Array(Character(scalar).utf8)
  }

  private mutating func fourHexDigits() throws(SyntaxError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard offset < bytes.count, let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
        throw expected("four hexadecimal digits after \\u")
      }
      code = code << 4 + UInt32(digit)
      offset += 1
    }
    return code
  }
}
