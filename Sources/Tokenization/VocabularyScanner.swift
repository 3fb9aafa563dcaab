/// Reads `model.vocab` directly from the text of a tokenizer.json. A JSON tree would be slow for 30,000 members, and
/// would merge keys that are canonically equivalent in Unicode. Does not check the rest of the file; `JSON` does.
import Files
import FoundationEssentials

struct VocabularyScanner {
  private(set) var entries = [(token: String, id: Int)]()
  /// The byte range of the vocabulary's object; nil if there is none.
  private(set) var range: Range<Int>?
  private let bytes: UnsafeBufferPointer<UInt8>
  private let file: String
  private var position = 0

  /// - Parameter bytes: valid UTF-8.
  init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) throws(TokenizerFault) {
    self.bytes = bytes
    self.file = file
    try members { (scanner, key) throws(TokenizerFault) in
      guard key == "model", scanner.peek == UInt8(ascii: "{") else { return scanner.skipValue() }
      try scanner.members { (scanner, key) throws(TokenizerFault) in
        guard key == "vocab", scanner.range == nil, scanner.peek == UInt8(ascii: "{") else {
          return scanner.skipValue()
        }
        let start = scanner.position
        try scanner.readPairs()
        scanner.range = start..<scanner.position
      }
    }
  }

  /// Reads a vocab.json, which is nothing but the vocabulary.
  init(vocabulary bytes: UnsafeBufferPointer<UInt8>, file: String) throws(TokenizerFault) {
    self.bytes = bytes
    self.file = file
    skipWhitespace()
    guard peek == UInt8(ascii: "{") else { throw fault("'{'") }
    try readPairs()
    skipWhitespace()
    guard peek == nil else { throw fault("the end of the file") }
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func fault(_ expected: String) -> TokenizerFault {
    .vocabularyText(file: file, byte: position, expected: expected)
  }

  private mutating func skipWhitespace() {
    while let byte = peek, byte == 0x20 || 0x09...0x0A ~= byte || byte == 0x0D { position += 1 }
  }

  /// Consumes `byte` if it is next, after whitespace.
  private mutating func consume(_ byte: Unicode.Scalar) -> Bool {
    skipWhitespace()
    guard peek == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// Iterates over the members of an object, if there is one; `body` must consume each value.
  private mutating func members(
    _ body: (inout VocabularyScanner, String) throws(TokenizerFault) -> Void
  ) throws(TokenizerFault) {
    guard consume("{"), !consume("}") else { return }
    repeat {
      skipWhitespace()
      let key = try readString()
      guard consume(":") else { throw fault("':' after a key") }
      skipWhitespace()
      try body(&self, key)
    } while consume(",")
    guard consume("}") else { throw fault("',' or '}'") }
  }

  private mutating func readPairs() throws(TokenizerFault) {
    try members { (scanner, token) throws(TokenizerFault) in
      scanner.entries.append((token, try scanner.readID()))
    }
  }

  private mutating func readID() throws(TokenizerFault) -> Int {
    let start = position
    var id = 0
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
      id = id * 10 + Int(byte - UInt8(ascii: "0"))
      position += 1
      guard id <= Int32.max else { throw fault("an id below 2147483648") }
    }
    guard position > start else { throw fault("an id") }
    return id
  }

  private mutating func readString() throws(TokenizerFault) -> String {
    guard peek == UInt8(ascii: "\"") else { throw fault("a quoted key") }
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
    var text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
    while peek != UInt8(ascii: "\"") {
      guard let byte = peek, byte >= 0x20 else { throw fault("the end of a key") }
      if byte == UInt8(ascii: "\\") {
        position += 1
        text.unicodeScalars.append(try readEscape())
      } else {
        let start = position
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        text += String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
      }
    }
    position += 1
    return text
  }

  private mutating func readEscape() throws(TokenizerFault) -> Unicode.Scalar {
    guard let byte = peek else { throw fault("an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try readHex()
      if let scalar = Unicode.Scalar(high) { return scalar }
      guard high < 0xDC00, peek == UInt8(ascii: "\\") else { throw fault("the second half of a surrogate pair") }
      position += 1
      guard peek == UInt8(ascii: "u") else { throw fault("the second half of a surrogate pair") }
      position += 1
      let low = try readHex()
      guard 0xDC00...0xDFFF ~= low, let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      else { throw fault("the second half of a surrogate pair") }
      return scalar
    default: throw fault("a JSON escape")
    }
  }

  private mutating func readHex() throws(TokenizerFault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("four hexadecimal digits")
      }
      value = value << 4 + UInt32(digit)
      position += 1
    }
    return value
  }

  /// Skips a value, tracking only brackets and quotes.
  private mutating func skipValue() {
    var depth = 0
    var inString = false
    while let byte = peek {
      if inString {
        if byte == UInt8(ascii: "\\") { position += 1 }
        if byte == UInt8(ascii: "\"") { inString = false }
      } else {
        switch byte {
        case UInt8(ascii: "\""): inString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          if depth == 0 { return }
          depth -= 1
        case UInt8(ascii: ","): if depth == 0 { return }
        default: break
        }
      }
      position += 1
    }
  }
}
