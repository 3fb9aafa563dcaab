/// Parses a recipe's text as strict JSON (RFC 8259): every syntax fault has its line and column, and keys that are
/// given twice are found. Does not know which keys a recipe has.
import Files

struct RecipeText {
  private let file: String
  private let bytes: [UInt8]
  private var at = 0
  /// Paths of the keys that stand twice in one object; the tree keeps the last.
  private(set) var repeated: [String] = []

  /// Nesting beyond this is no recipe, and a recursive parser must not run out of stack.
  private static let depthLimit = 32

  /// The tree of `text` and the paths of its repeated keys.
  /// Throws `FileFault.malformed` with the line of the first syntax fault.
  static func parse(_ text: String, named file: String) throws(FileFault) -> (json: JSON, repeated: [String]) {
    var parser = RecipeText(file: file, bytes: Array(text.utf8))
    if parser.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { parser.at = 3 }
    let json = try parser.value(path: "", depth: 0)
    parser.skipSpace()
    guard parser.at == parser.bytes.count else { throw parser.fault(expected: "nothing after the closing brace") }
    return (json, parser.repeated)
  }

  private init(file: String, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
  }

  private mutating func value(path: String, depth: Int) throws(FileFault) -> JSON {
    skipSpace()
    guard depth < Self.depthLimit else { throw fault(expected: "at most \(Self.depthLimit) levels of nesting") }
    switch peek {
    case UInt8(ascii: "{"): return try object(path: path, depth: depth)
    case UInt8(ascii: "["): return try list(path: path, depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"): return try number()
    case let next? where isDigit(next): return try number()
    default:
      for (word, value) in [("true", JSON.bool(true)), ("false", .bool(false)), ("null", .null)] where take(word) {
        return value
      }
      throw fault(expected: "a JSON value: an object, a list, a string, a finite number, true, false or null")
    }
  }

  private mutating func object(path: String, depth: Int) throws(FileFault) -> JSON {
    at += 1
    var members: [String: JSON] = [:]
    skipSpace()
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw fault(expected: "a key in double quotes") }
      let key = try string()
      let below = path.isEmpty ? key : "\(path).\(key)"
      skipSpace()
      guard take(":") else { throw fault(expected: "':' after the key") }
      if members.updateValue(try value(path: below, depth: depth + 1), forKey: key) != nil { repeated.append(below) }
      skipSpace()
    } while take(",")
    guard take("}") else { throw fault(expected: "',' or '}'") }
    return .object(members)
  }

  private mutating func list(path: String, depth: Int) throws(FileFault) -> JSON {
    at += 1
    var elements: [JSON] = []
    skipSpace()
    if take("]") { return .array(elements) }
    repeat {
      elements.append(try value(path: "\(path).\(elements.count)", depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw fault(expected: "',' or ']'") }
    return .array(elements)
  }

  private mutating func number() throws(FileFault) -> JSON {
    let start = at
    var isWhole = true
    _ = take("-")
    if !take("0") { try digits() }
    if let next = peek, isDigit(next) {
      at = start
      throw fault(expected: "a number without a leading zero")
    }
    if take(".") {
      isWhole = false
      try digits()
    }
    if take("e") || take("E") {
      isWhole = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isWhole, let int = Int(text) { return .int(int) }
    guard let double = Double(text), double.isFinite else {
      at = start
      throw fault(expected: "a number below 1.8e308")
    }
    return .double(double)
  }

  private mutating func digits() throws(FileFault) {
    let start = at
    while let next = peek, isDigit(next) { at += 1 }
    guard at > start else { throw fault(expected: "a digit") }
  }

  private mutating func string() throws(FileFault) -> String {
    let start = at
    at += 1
    var text: [UInt8] = []
    while let next = peek {
      switch next {
      case UInt8(ascii: "\""):
        at += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        at += 1
        text.append(contentsOf: String(try escaped()).utf8)
      case 0..<0x20: throw fault(expected: "'\\n', '\\t' or '\\u....' for a control character in a string")
      default:
        text.append(next)
        at += 1
      }
    }
    at = start
    throw fault(expected: "a string that ends in a double quote")
  }

  private mutating func escaped() throws(FileFault) -> Character {
    for (letter, meant) in [
      ("\"", "\""), ("\\", "\\"), ("/", "/"), ("b", "\u{8}"), ("f", "\u{c}"), ("n", "\n"), ("r", "\r"), ("t", "\t"),
    ] as [(String, Character)] where take(letter) {
      return meant
    }
    guard take("u") else { throw fault(expected: "one of \" \\ / b f n r t u after a backslash") }
    let high = try hexUnit()
    guard (0xD800..<0xDC00).contains(high), take("\\u") else {
      guard let scalar = Unicode.Scalar(high) else { throw fault(expected: "the other half of a surrogate pair") }
      return Character(scalar)
    }
    let low = try hexUnit()
    guard (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    else { throw fault(expected: "the other half of a surrogate pair") }
    return Character(scalar)
  }

  private mutating func hexUnit() throws(FileFault) -> UInt32 {
    let text = String(decoding: bytes[at..<min(at + 4, bytes.count)], as: UTF8.self)
    guard text.utf8.count == 4, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
      let unit = UInt32(text, radix: 16)
    else { throw fault(expected: "four hexadecimal digits") }
    at += 4
    return unit
  }

  private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func take(_ word: String) -> Bool {
    guard bytes[at...].starts(with: word.utf8) else { return false }
    at += word.utf8.count
    return true
  }

  private mutating func skipSpace() {
    while let next = peek, next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { at += 1 }
  }

  private func fault(expected: String) -> FileFault {
    let lines = bytes[..<at].split(separator: 0x0A, omittingEmptySubsequences: false)
    let column = String(decoding: lines.last ?? [], as: UTF8.self).count + 1
    let rest = bytes[at...].prefix(64).prefix { $0 > 0x20 && !",:]}".utf8.contains($0) }
    let token = rest.isEmpty ? Array(bytes[at...].prefix(1)) : Array(rest)
    let found = token.isEmpty ? "the end of the text" : "'\(printable(String(decoding: token, as: UTF8.self)))'"
    return .malformed(file: file, line: lines.count, found: "\(found) at column \(column)", expected: expected)
  }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
