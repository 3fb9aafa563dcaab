/// Splits normalized text into words as BERT does: at white space, and around every punctuation mark.
/// Calls `body` with the range of each word.
func forEachWord(_ scalars: [UInt32], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
  var start = range.lowerBound
  for i in range {
    let kind = CharacterClass(scalars[i])
    if kind == .inside { continue }
    if start < i { body(start..<i) }
    if kind == .alone { body(i..<(i + 1)) }
    start = i + 1
  }
  if start < range.upperBound { body(start..<range.upperBound) }
}

private enum CharacterClass {
  case inside, space, alone

  init(_ c: UInt32) {
    switch c {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: self = .inside
    case 0x21...0x7E: self = .alone
    case 0..<0x80: self = isSpace(c) ? .space : .inside
    default: self = isSpace(c) ? .space : CharacterTables.shared.punctuation.contains(c) ? .alone : .inside
    }
  }
}
