/// BERT's pre-tokenizer: splits normalized text at whitespace and around every punctuation mark.

/// Calls `body` with the range of each word.
func forEachWord(_ scalars: [UInt32], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
  var start = range.lowerBound
  for i in range {
    let characterClass = CharacterClass(scalars[i])
    if characterClass == .word { continue }
    if start < i { body(start..<i) }
    if characterClass == .punctuation { body(i..<(i + 1)) }
    start = i + 1
  }
  if start < range.upperBound { body(start..<range.upperBound) }
}

/// The words that BERT's pre-tokenizer splits a text into.
package func wordsAtPunctuation(_ text: [Unicode.Scalar]) -> [Range<Int>] {
  var words = [Range<Int>]()
  forEachWord(text.map(\.value), text.indices) { words.append($0) }
  return words
}

/// Whether BERT's pre-tokenizer makes a word of this character alone.
package func isPunctuation(_ scalar: Unicode.Scalar) -> Bool { CharacterClass(scalar.value) == .punctuation }

private enum CharacterClass {
  case word, whitespace, punctuation

  init(_ c: UInt32) {
    switch c {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: self = .word
    case 0x21...0x7E: self = .punctuation
    case 0..<0x80: self = isSpace(c) ? .whitespace : .word
    default: self = isSpace(c) ? .whitespace : CharacterTables.shared.punctuation.contains(c) ? .punctuation : .word
    }
  }
}
