import Files
import FoundationEssentials

/// Takes `model.vocab` out of the text of a tokenizer.json: thirty thousand pairs, which a tree would hold slowly, and
/// wrongly where two keys are the same text in two Unicode forms. Does not check the rest; `JSON` does.
struct VocabularyScanner {
  private(set) var entries = [(token: String, id: Int)]()
  /// Where the vocabulary's object stands; nil when there is none.
  private(set) var place: Range<Int>?
  private let bytes: UnsafeBufferPointer<UInt8>
  private let file: String
  private var at = 0

  /// - Parameter bytes: valid UTF-8.
  init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) throws(TokenizerFault) {
    self.bytes = bytes
    self.file = file
    try members { (scanner, key) throws(TokenizerFault) in
      guard key == "model", scanner.peek == UInt8(ascii: "{") else { return scanner.skipValue() }
      try scanner.members { (scanner, key) throws(TokenizerFault) in
        guard key == "vocab", scanner.place == nil, scanner.peek == UInt8(ascii: "{") else {
          return scanner.skipValue()
        }
        let start = scanner.at
        try scanner.readPairs()
        scanner.place = start..<scanner.at
      }
    }
  }

  private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

  private func fault(_ expected: String) -> TokenizerFault {
    .vocabularyText(file: file, byte: at, expected: expected)
  }

  private mutating func skipBlanks() {
    while let byte = peek, byte == 0x20 || 0x09...0x0A ~= byte || byte == 0x0D { at += 1 }
  }

  /// Whether `byte` is next; steps over it.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard peek == UInt8(ascii: byte) else { return false }
    at += 1
    return true
  }

  /// Steps through an object, with `body` stepping over each value; stops where there is no object.
  private mutating func members(
    _ body: (inout VocabularyScanner, String) throws(TokenizerFault) -> Void
  ) throws(TokenizerFault) {
    guard take("{"), !take("}") else { return }
    repeat {
      skipBlanks()
      let key = try readString()
      guard take(":") else { throw fault("':' after a key") }
      skipBlanks()
      try body(&self, key)
    } while take(",")
    guard take("}") else { throw fault("',' or '}'") }
  }

  private mutating func readPairs() throws(TokenizerFault) {
    try members { (scanner, token) throws(TokenizerFault) in
      scanner.entries.append((token, try scanner.readID()))
    }
  }

  private mutating func readID() throws(TokenizerFault) -> Int {
    let start = at
    var id = 0
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
      id = id * 10 + Int(byte - UInt8(ascii: "0"))
      at += 1
      guard id <= Int32.max else { throw fault("an id below 2147483648") }
    }
    guard at > start else { throw fault("an id") }
    return id
  }

  private mutating func readString() throws(TokenizerFault) -> String {
    guard peek == UInt8(ascii: "\"") else { throw fault("a key in quotes") }
    at += 1
    let start = at
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
    var text = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self)
    while peek != UInt8(ascii: "\"") {
      guard let byte = peek, byte >= 0x20 else { throw fault("the end of a key") }
      if byte == UInt8(ascii: "\\") {
        at += 1
        text.unicodeScalars.append(try readEscape())
      } else {
        let start = at
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
        text += String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<at]), as: UTF8.self)
      }
    }
    at += 1
    return text
  }

  private mutating func readEscape() throws(TokenizerFault) -> Unicode.Scalar {
    guard let byte = peek else { throw fault("an escape") }
    at += 1
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
      at += 1
      guard peek == UInt8(ascii: "u") else { throw fault("the second half of a surrogate pair") }
      at += 1
      let low = try readHex()
      guard 0xDC00...0xDFFF ~= low, let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      else { throw fault("the second half of a surrogate pair") }
      return scalar
    default: throw fault("an escape of JSON")
    }
  }

  private mutating func readHex() throws(TokenizerFault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("four hexadecimal digits")
      }
      value = value << 4 + UInt32(digit)
      at += 1
    }
    return value
  }

  /// Steps over a value by its brackets and quotes alone.
  private mutating func skipValue() {
    var depth = 0
    var inString = false
    while let byte = peek {
      if inString {
        if byte == UInt8(ascii: "\\") { at += 1 }
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
      at += 1
    }
  }
}
