/// Parses strict JSON (RFC 8259) into a `JSON` tree, saying line and column of what is wrong.
/// Does not accept comments, trailing commas, NaN, a byte-order mark, or two members of one name.
struct JSONParser {
  /// Lists and objects may lie this deep in each other (serde_json's limit); the parser calls itself once per level.
  static let maxDepth = 128

  /// What is wrong, and the byte it is wrong at.
  struct SyntaxError: Error {
    let offset: Int
    let why: String
  }

  private let bytes: UnsafeRawBufferPointer
  private var at = 0
  private var depth = 0

  private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  static func parse(_ bytes: UnsafeRawBufferPointer, named file: String) throws(FileFault) -> JSON {
    var parser = JSONParser(bytes)
    do throws(SyntaxError) {
      return try parser.document()
    } catch {
      let place = parser.lineAndColumn(of: error.offset)
      throw .json(file: file, why: "line \(place.line), column \(place.column): \(error.why).")
    }
  }

  private mutating func document() throws(SyntaxError) -> JSON {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw flaw("a byte-order mark; save the file as UTF-8 without one")
    }
    let root = try value()
    skipSpace()
    if at < bytes.count { throw flaw("\(found) after the end of the JSON text") }
    return root
  }

  private mutating func value() throws(SyntaxError) -> JSON {
    skipSpace()
    guard at < bytes.count else { throw flaw("the text ends where a value should be") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default:
      if take("true") { return .bool(true) }
      if take("false") { return .bool(false) }
      if take("null") { return .null }
      if ["NaN", "Infinity"].contains(where: next) { throw flaw("JSON has no NaN and no Infinity") }
      throw flaw("\(found) where a value should be")
    }
  }

  private mutating func object() throws(SyntaxError) -> [String: JSON] {
    var members: [String: JSON] = [:]
    try list(closedBy: UInt8(ascii: "}")) { (parser) throws(SyntaxError) in
      parser.skipSpace()
      let start = parser.at
      guard start < parser.bytes.count, parser.bytes[start] == UInt8(ascii: "\"") else {
        throw parser.flaw("\(parser.found) where a key in double quotes should be")
      }
      let key = try parser.string()
      parser.skipSpace()
      guard parser.take(":") else { throw parser.flaw("\(parser.found) where ':' should follow the key '\(key)'") }
      let value = try parser.value()
      let size = members.count
      members[key] = value
      if members.count == size { throw SyntaxError(offset: start, why: parser.twice(key, among: members)) }
    }
    return members
  }

  private mutating func array() throws(SyntaxError) -> [JSON] {
    var elements: [JSON] = []
    try list(closedBy: UInt8(ascii: "]")) { (parser) throws(SyntaxError) in elements.append(try parser.value()) }
    return elements
  }

  /// Walks over what lies between brackets, the opening one being next: elements, and commas between them.
  private mutating func list(
    closedBy end: UInt8, _ element: (inout JSONParser) throws(SyntaxError) -> Void
  ) throws(SyntaxError) {
    if depth == Self.maxDepth { throw flaw("lists and objects lie more than \(Self.maxDepth) deep in each other") }
    depth += 1
    at += 1
    skipSpace()
    if at < bytes.count, bytes[at] == end {
      at += 1
    } else {
      var isDone = false
      while !isDone {
        try element(&self)
        skipSpace()
        isDone = at < bytes.count && bytes[at] == end
        guard isDone || at < bytes.count && bytes[at] == UInt8(ascii: ",") else {
          throw flaw("\(found) where ',' or '\(Unicode.Scalar(end))' should be")
        }
        at += 1
      }
    }
    depth -= 1
  }

  private mutating func number() throws(SyntaxError) -> JSON {
    let start = at
    _ = take("-")
    let isZero = next("0")
    guard case let whole = digits(), whole > 0, !isZero || whole == 1 else {
      throw SyntaxError(offset: start, why: "a number that begins with a sign alone or a needless zero")
    }
    var isWhole = true
    if take(".") {
      isWhole = false
      guard digits() > 0 else { throw flaw("\(found) where a digit should follow '.'") }
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      guard digits() > 0 else { throw flaw("\(found) where the exponent's digits should be") }
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    // Past 64 bits a whole number is a Double: the Hub's configs say 1000000000000000019884624838656 for "no limit".
    if isWhole, let value = Int(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw SyntaxError(offset: start, why: "a number beyond the range of a 64-bit float")
    }
    return .double(value)
  }

  private mutating func digits() -> Int {
    let start = at
    while at < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[at] { at += 1 }
    return at - start
  }
}

extension JSONParser {
  /// The string whose opening quote is next. One without escapes is validated and copied as it lies.
  private mutating func string() throws(SyntaxError) -> String {
    let quote = at
    at += 1
    var start = at
    var unescaped: [UInt8] = []
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""):
        let tail = UnsafeRawBufferPointer(rebasing: bytes[start..<at])
        at += 1
        let text =
          unescaped.isEmpty
          ? String(validating: tail, as: UTF8.self) : String(validating: unescaped + tail, as: UTF8.self)
        guard let text else { throw SyntaxError(offset: quote, why: "a string with bytes that are not UTF-8") }
        return text
      case UInt8(ascii: "\\"):
        unescaped += bytes[start..<at]
        at += 1
        unescaped += try escape()
        start = at
      case 0..<0x20: throw flaw("\(found) inside a string; write it as an escape")
      default: at += 1
      }
    }
    throw SyntaxError(offset: quote, why: "a string without a closing quote")
  }

  /// The UTF-8 of the escape whose backslash has been read.
  private mutating func escape() throws(SyntaxError) -> [UInt8] {
    let letters: [(String, UInt8)] = [
      ("\"", 0x22), ("\\", 0x5C), ("/", 0x2F), ("b", 0x08), ("f", 0x0C), ("n", 0x0A), ("r", 0x0D), ("t", 0x09),
    ]
    for (letter, byte) in letters where take(letter) { return [byte] }
    let start = at - 1
    guard take("u") else { throw flaw("\(found) after a backslash") }
    var code = try hexadecimals()
    if 0xD800..<0xDC00 ~= code, take("\\u") {
      let low = try hexadecimals()
      if 0xDC00..<0xE000 ~= low { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw SyntaxError(offset: start, why: "half of a surrogate pair, which is no character")
    }
    return Array(Character(scalar).utf8)
  }

  private mutating func hexadecimals() throws(SyntaxError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard at < bytes.count, let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue else {
        throw flaw("\(found) where four hexadecimal digits should follow \\u")
      }
      code = code << 4 + UInt32(digit)
      at += 1
    }
    return code
  }

  private mutating func skipSpace() {
    while at < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[at]) { at += 1 }
  }

  private func next(_ text: String) -> Bool {
    let text = text.utf8
    return bytes.count - at >= text.count && bytes[at..<at + text.count].elementsEqual(text)
  }

  private mutating func take(_ text: String) -> Bool {
    guard next(text) else { return false }
    at += text.utf8.count
    return true
  }

  private func flaw(_ why: String) -> SyntaxError { SyntaxError(offset: at, why: why) }

  /// What lies at the cursor, for a sentence.
  private var found: String {
    guard at < bytes.count else { return "the text ends" }
    let byte = bytes[at]
    return 0x21..<0x7F ~= byte ? "'\(Unicode.Scalar(byte))'" : "the byte 0x" + String(byte, radix: 16)
  }

  /// A dictionary takes é and e + ´ for one key (canonical equivalence), so two names need not be equal in bytes.
  private func twice(_ key: String, among members: [String: JSON]) -> String {
    let kept = members.index(forKey: key).map { members[$0].key } ?? key
    return kept.utf8.elementsEqual(key.utf8)
      ? "the key '\(key)' is there twice"
      : "the keys '\(kept)' and '\(key)' differ only in their Unicode form and cannot be kept apart"
  }

  private func lineAndColumn(of offset: Int) -> (line: Int, column: Int) {
    let before = bytes[..<min(offset, bytes.count)]
    let line = before.lazy.filter { $0 == 0x0A }.count + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return (line, before[start...].lazy.filter { $0 & 0xC0 != 0x80 }.count + 1)
  }
}
