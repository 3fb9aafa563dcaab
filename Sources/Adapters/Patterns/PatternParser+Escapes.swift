/// Escapes and character classes of a pattern.

extension PatternParser {
  /// An escape outside a class.
  mutating func escape(_ letter: UInt8) throws(PatternFault) -> PatternNode {
    switch letter {
    case UInt8(ascii: "A"): return .assertion(.start)
    case UInt8(ascii: "Z"): return .assertion(.end)
    case UInt8(ascii: "b"): return .assertion(.wordBoundary)
    case UInt8(ascii: "B"): return .assertion(.notWordBoundary)
    case UInt8(ascii: "1")...UInt8(ascii: "9"): return try numberedEscape(letter)
    default: break
    }
    if let category = category(letter) { return .character(category) }
    return character(ASCIISet([try literal(letter)]))
  }

  /// Three octal digits are a character; else one or two digits are a back-reference.
  private mutating func numberedEscape(_ first: UInt8) throws(PatternFault) -> PatternNode {
    var digits = String(Unicode.Scalar(first))
    digits += takeWhile(in: .digits, limit: 1)
    if digits.utf8.count == 2, digits.utf8.allSatisfy(ASCIISet.octalDigits.contains) {
      digits += takeWhile(in: .octalDigits, limit: 1)
    }
    if digits.utf8.count == 3 { return character(ASCIISet([try scalar(digits, radix: 8)])) }
    throw .reference("\\" + digits)
  }

  private func category(_ letter: UInt8) -> ASCIISet? {
    switch letter {
    case UInt8(ascii: "d"): .digits
    case UInt8(ascii: "D"): ASCIISet.digits.inverted
    case UInt8(ascii: "s"): .whitespace
    case UInt8(ascii: "S"): ASCIISet.whitespace.inverted
    case UInt8(ascii: "w"): .word
    case UInt8(ascii: "W"): ASCIISet.word.inverted
    default: nil
    }
  }

  /// The character of an escape that means the same inside and outside a class.
  private mutating func literal(_ letter: UInt8) throws(PatternFault) -> UInt8 {
    switch letter {
    case UInt8(ascii: "a"): return 7
    case UInt8(ascii: "f"): return 12
    case UInt8(ascii: "n"): return 10
    case UInt8(ascii: "r"): return 13
    case UInt8(ascii: "t"): return 9
    case UInt8(ascii: "v"): return 11
    case UInt8(ascii: "x"): return try hexadecimal(count: 2)
    case UInt8(ascii: "u"): return try hexadecimal(count: 4)
    case UInt8(ascii: "U"): return try hexadecimal(count: 8)
    case UInt8(ascii: "0"): return try scalar("0" + takeWhile(in: .octalDigits, limit: 2), radix: 8)
    case _ where ASCIISet.letters.contains(letter):
      let name = "\\" + String(Unicode.Scalar(letter))
      throw PatternFault("\(name) has no meaning in Python's re\(Self.advice[letter].map { "; write \($0)" } ?? "")")
    default: return letter
    }
  }

  /// What to write instead of escapes of other regular expressions.
  private static let advice: [UInt8: String] = [
    UInt8(ascii: "z"): "\\Z", UInt8(ascii: "h"): "[ \\t]", UInt8(ascii: "p"): "a class such as [a-z]",
    UInt8(ascii: "P"): "a class such as [^a-z]", UInt8(ascii: "Q"): "a backslash before each special character",
    UInt8(ascii: "N"): "the character itself", UInt8(ascii: "R"): "\\n", UInt8(ascii: "k"): "(?P=name)",
    UInt8(ascii: "G"): "\\A",
  ]

  private mutating func hexadecimal(count: Int) throws(PatternFault) -> UInt8 {
    let digits = takeWhile(in: .hexDigits, limit: count)
    guard digits.utf8.count == count else {
      throw PatternFault("an escape with fewer than \(count) hexadecimal digits")
    }
    return try scalar(digits, radix: 16)
  }

  private func scalar(_ digits: String, radix: Int) throws(PatternFault) -> UInt8 {
    guard let value = Int(digits, radix: radix), value < 128 else {
      throw PatternFault("an escaped character that no name has")
    }
    return UInt8(value)
  }

  /// What follows `[`.
  mutating func characterClass() throws(PatternFault) -> PatternNode {
    let isNegated = take("^")
    var set = ASCIISet(), isEmpty = true
    while true {
      guard let token = take() else { throw PatternFault("an unfinished class [") }
      if token == [UInt8(ascii: "]")] && !isEmpty { break }
      isEmpty = false
      let (members, low) = try classMember(token)
      guard take("-") else {
        set.formUnion(members)
        continue
      }
      guard let end = take() else { throw PatternFault("an unfinished class [") }
      if end == [UInt8(ascii: "]")] {
        set.formUnion(members)
        set.insert(UInt8(ascii: "-"))
        break
      }
      guard let low, let high = try classMember(end).literal, low <= high else {
        throw PatternFault("a wrong range in a class")
      }
      set.formUnion(ASCIISet(low...high))
    }
    let cased = flags.ignoresCase ? set.ignoringCase : set
    return .character(isNegated ? cased.inverted : cased)
  }

  /// A member of a class, and its character if it is a single one.
  private mutating func classMember(_ token: [UInt8]) throws(PatternFault) -> (ASCIISet, literal: UInt8?) {
    guard token.count == 2 else { return (ASCIISet(token), token[0]) }
    if let category = category(token[1]) { return (category, nil) }
    let literal: UInt8
    switch token[1] {
    case UInt8(ascii: "b"): literal = 8
    case UInt8(ascii: "1")...UInt8(ascii: "7"):
      literal = try scalar(String(Unicode.Scalar(token[1])) + takeWhile(in: .octalDigits, limit: 2), radix: 8)
    case UInt8(ascii: "8"), UInt8(ascii: "9"): throw PatternFault("a wrong escape in a class")
    default: literal = try self.literal(token[1])
    }
    return (ASCIISet([literal]), literal)
  }
}
