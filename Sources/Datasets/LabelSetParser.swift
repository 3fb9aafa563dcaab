/// Reads the labels of a record that may have several. Does not know the model's labels.
import Files

struct LabelSetParser {
  let column: String
  let separator: String
  /// Whether every label is followed by _1 if it applies, or by _0, as in BLURB's HoC: "0_0,1_1,2_0".
  let hasValues: Bool

  /// The labels that apply, in the cell's order, without the white space around them.
  func labels(in cell: JSON) throws(TableFault.Problem) -> [String] {
    let names = try names(in: cell)
    if names.contains("") { throw .noValue(column: column, found: "an empty label beside others") }
    if hasValues { return try applying(names) }
    if names.contains(where: { $0.hasSuffix("_0") }), names.allSatisfy({ value(of: $0) != nil }) {
      throw .labelValues(column: column, label: names[0])
    }
    return try distinct(names)
  }

  private func names(in cell: JSON) throws(TableFault.Problem) -> [String] {
    switch cell {
    case .string(let text):
      let names = text.split(separator: separator, omittingEmptySubsequences: false).map(trimmed)
      return names == [""] ? [] : names
    case .array(let items):
      let names = items.compactMap(\.string)
      if names.count == items.count { return names.map { trimmed($0[...]) } }
      throw .wrongType(column: column, found: "a list with other values than strings", expected: "a list of labels")
    default: throw .wrongType(column: column, found: cell.typeName, expected: "a list of labels, or a text with them")
    }
  }

  private func applying(_ names: [String]) throws(TableFault.Problem) -> [String] {
    var labels: [String] = []
    for name in names {
      guard let value = value(of: name) else {
        throw .wrongType(column: column, found: quoted(name), expected: "a label with _1 or _0 after it")
      }
      if value { labels.append(String(name.dropLast(2))) }
    }
    _ = try distinct(names.map { String($0.dropLast(2)) })
    return labels
  }

  private func value(of name: String) -> Bool? { name.hasSuffix("_1") ? true : name.hasSuffix("_0") ? false : nil }

  private func distinct(_ names: [String]) throws(TableFault.Problem) -> [String] {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted { throw .repeatedLabel(column: column, label: name) }
    return names
  }
}

private func trimmed(_ text: Substring) -> String {
  let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
  var scalars = text.unicodeScalars.drop(while: isSpace)
  while let last = scalars.last, isSpace(last) { scalars.removeLast() }
  return String(scalars)
}
