/// Parses strict JSON (RFC 8259) into a `JSON` tree; faults have line and column.
/// Does not accept comments, trailing commas, NaN, a byte-order mark, or duplicate keys.
struct JSONParser {
  /// The deepest nesting of lists and objects (serde_json's limit); the parser calls itself once per level.
  static let maxDepth = 128

  /// A fault, and the offset of the byte where it is.
  struct SyntaxError: Error {
    let offset: Int
    let why: String
  }

  let bytes: UnsafeRawBufferPointer
  var offset = 0
  private var depth = 0
  /// The keys of the objects in the outermost object, in their order; nil: they are not wanted.
  private var keyOrder: [String: [String]]?
  /// The key in the outermost object.
  private var member = ""

  private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  static func parse(_ bytes: UnsafeRawBufferPointer, named file: String) throws(FileFault) -> JSON {
    var parser = JSONParser(bytes)
    return try parser.document(named: file)
  }

  /// See `JSON.keyOrder`.
  static func keyOrder(_ bytes: UnsafeRawBufferPointer, named file: String) throws(FileFault) -> [String: [String]] {
    var parser = JSONParser(bytes)
    parser.keyOrder = [:]
    _ = try parser.document(named: file)
    return parser.keyOrder ?? [:]
  }

  private mutating func document(named file: String) throws(FileFault) -> JSON {
    do throws(SyntaxError) {
      return try document()
    } catch {
      let (line, column) = lineAndColumn(of: error.offset)
      throw .json(file: file, why: "line \(line), column \(column): \(error.why).")
    }
  }

  private mutating func note(_ key: String) {
    if depth == 1 {
      member = key
      keyOrder?["", default: []].append(key)
    }
    if depth == 2 { keyOrder?[member, default: []].append(key) }
  }

  private mutating func document() throws(SyntaxError) -> JSON {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw syntaxError("found a byte-order mark; save the file as UTF-8 without one")
    }
    let root = try value()
    skipSpace()
    if offset < bytes.count { throw syntaxError("found \(found) after the end of the JSON text") }
    return root
  }

  private mutating func value() throws(SyntaxError) -> JSON {
    skipSpace()
    guard offset < bytes.count else { throw expected("a value") }
    switch bytes[offset] {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default:
      if take("true") { return .bool(true) }
      if take("false") { return .bool(false) }
      if take("null") { return .null }
      if ["NaN", "Infinity"].contains(where: next) { throw syntaxError("JSON has no NaN or Infinity") }
      throw expected("a value")
    }
  }

  private mutating func object() throws(SyntaxError) -> [String: JSON] {
    var members: [String: JSON] = [:]
    try list(closedBy: UInt8(ascii: "}")) { (parser) throws(SyntaxError) in
      parser.skipSpace()
      let start = parser.offset
      guard start < parser.bytes.count, parser.bytes[start] == UInt8(ascii: "\"") else {
        throw parser.expected("a key in double quotes")
      }
      let key = try parser.string()
      if parser.keyOrder != nil { parser.note(key) }
      parser.skipSpace()
      guard parser.take(":") else { throw parser.expected("':' after the key '\(key)'") }
      let value = try parser.value()
      let size = members.count
      members[key] = value
      if members.count == size { throw SyntaxError(offset: start, why: parser.duplicate(key, among: members)) }
    }
    return members
  }

  private mutating func array() throws(SyntaxError) -> [JSON] {
    var elements: [JSON] = []
    try list(closedBy: UInt8(ascii: "]")) { (parser) throws(SyntaxError) in elements.append(try parser.value()) }
    return elements
  }

  /// Reads elements with commas between them, from the opening bracket at `offset` to the closing one.
  private mutating func list(
    closedBy end: UInt8, _ element: (inout JSONParser) throws(SyntaxError) -> Void
  ) throws(SyntaxError) {
    if depth == Self.maxDepth { throw syntaxError("lists and objects are nested deeper than \(Self.maxDepth) levels") }
    depth += 1
    offset += 1
    skipSpace()
    if offset < bytes.count, bytes[offset] == end {
      offset += 1
    } else {
      var isDone = false
      while !isDone {
        try element(&self)
        skipSpace()
        isDone = offset < bytes.count && bytes[offset] == end
        guard isDone || offset < bytes.count && bytes[offset] == UInt8(ascii: ",") else {
          throw expected("',' or '\(Unicode.Scalar(end))'")
        }
        offset += 1
      }
    }
    depth -= 1
  }

  private mutating func number() throws(SyntaxError) -> JSON {
    let start = offset
    _ = take("-")
    let isZero = next("0")
    guard case let count = digits(), count > 0, !isZero || count == 1 else {
      throw SyntaxError(offset: start, why: "found a number without digits, or with a leading zero")
    }
    var isInteger = true
    if take(".") {
      isInteger = false
      guard digits() > 0 else { throw expected("a digit after '.'") }
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      guard digits() > 0 else { throw expected("the digits of the exponent") }
    }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    // An integer beyond 64 bits becomes a Double: the Hub's configs have 1000000000000000019884624838656 for no
    // limit.
    if isInteger, let value = Int(text) { return .int(value) }
    guard let value = Double(text), value.isFinite else {
      throw SyntaxError(offset: start, why: "found a number beyond the range of a 64-bit float")
    }
    return .double(value)
  }

  private mutating func digits() -> Int {
    let start = offset
    while offset < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[offset] { offset += 1 }
    return offset - start
  }
}

extension JSONParser {
  private mutating func skipSpace() {
    while offset < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += 1 }
  }

  private func next(_ text: String) -> Bool {
    let text = text.utf8
    return bytes.count - offset >= text.count && bytes[offset..<offset + text.count].elementsEqual(text)
  }

  mutating func take(_ text: String) -> Bool {
    guard next(text) else { return false }
    offset += text.utf8.count
    return true
  }

  func expected(_ description: String) -> SyntaxError { syntaxError("found \(found); expected \(description)") }

  func syntaxError(_ why: String) -> SyntaxError { SyntaxError(offset: offset, why: why) }

  /// A description of the byte at `offset`, for an error message.
  var found: String {
    guard offset < bytes.count else { return "the end of the text" }
    let byte = bytes[offset]
    return 0x21..<0x7F ~= byte ? "'\(Unicode.Scalar(byte))'" : "the byte 0x" + String(byte, radix: 16)
  }

  /// A Swift dictionary takes é and e + ´ for one key (canonical equivalence), so the bytes of two equal keys may
  /// differ.
  private func duplicate(_ key: String, among members: [String: JSON]) -> String {
    let first = members.index(forKey: key).map { members[$0].key } ?? key
    return first.utf8.elementsEqual(key.utf8)
      ? "found the key '\(key)' twice"
      : "the keys '\(first)' and '\(key)' differ only in their Unicode form and count as one key"
  }

  private func lineAndColumn(of position: Int) -> (line: Int, column: Int) {
    let before = bytes[..<min(position, bytes.count)]
    let line = before.lazy.filter { $0 == 0x0A }.count + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return (line, before[start...].lazy.filter { $0 & 0xC0 != 0x80 }.count + 1)
  }
}
