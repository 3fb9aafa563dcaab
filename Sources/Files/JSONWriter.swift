/// Writes a `JSON` tree as text, in the layout of Python's `json.dumps(indent=2, sort_keys=True, ensure_ascii=False)`.
/// JSON has no NaN and no infinity; they become the strings "NaN", "Infinity", "-Infinity".
struct JSONWriter {
  private(set) var text = ""
  private let isPretty: Bool
  private var depth = 0

  init(pretty: Bool) { isPretty = pretty }

  mutating func write(_ value: JSON) {
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .int(let value): text += String(value)
    case .double(let value): write(value)
    case .string(let value): write(value)
    case .array(let elements):
      write(elements, between: "[", "]") { $0.write($1) }
    case .object(let members):
      let sorted = members.sorted { precedes($0.key, $1.key) }
      write(sorted, between: "{", "}") { writer, member in
        writer.write(member.key)
        writer.text += writer.isPretty ? ": " : ":"
        writer.write(member.value)
      }
    }
  }

  /// An integral value keeps its ".0", so it is read back as the same `JSON.double`.
  private mutating func write(_ value: Double) {
    if value.isFinite {
      text += value.description
    } else {
      write(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    }
  }

  private mutating func write(_ string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{08}": text += "\\b"
      case "\u{0C}": text += "\\f"
      case "\0"..<" ":
        text += (scalar.value < 16 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  private mutating func write<Element>(
    _ elements: [Element], between open: String, _ close: String, _ writeElement: (inout JSONWriter, Element) -> Void
  ) {
    text += open
    depth += 1
    for (index, element) in elements.enumerated() {
      if index > 0 { text += "," }
      breakLine()
      writeElement(&self, element)
    }
    depth -= 1
    if !elements.isEmpty { breakLine() }
    text += close
  }

  private mutating func breakLine() {
    if isPretty { text += "\n" + String(repeating: "  ", count: depth) }
  }
}
