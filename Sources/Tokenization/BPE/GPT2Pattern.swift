/// GPT-2's pre-tokenizer: splits a text into words with the space before them, numbers, symbols and whitespace.
///
/// Matches the same as the regular expression
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`; every character is part of one match.

/// What the pattern distinguishes.
enum PatternClass: UInt32 {
  case other, letter, number, whitespace

  init(_ c: UInt32) {
    switch c {
    case 0x41...0x5A, 0x61...0x7A: self = .letter
    case 0x30...0x39: self = .number
    case 0..<0x80: self = isSpace(c) ? .whitespace : .other
    default: self = PatternClass(rawValue: PatternTables.shared.classes[c]) ?? .other
    }
  }
}

/// Calls `body` with the range of each match in `text[range]`.
func forEachGPT2Match(_ text: [UInt32], _ range: Range<Int>, _ body: (Range<Int>) -> Void) {
  var start = range.lowerBound
  while start < range.upperBound {
    let end = matchEnd(text, start, range.upperBound)
    body(start..<end)
    start = end
  }
}

private func matchEnd(_ text: [UInt32], _ start: Int, _ limit: Int) -> Int {
  let contraction = contractionLength(text, start, limit)
  if contraction > 0 { return start + contraction }
  var end = start
  // One space belongs to the word that follows it.
  if text[start] == 0x20, start + 1 < limit { end += 1 }
  let first = PatternClass(text[end])
  if first == .whitespace { end = start }
  repeat { end += 1 } while end < limit && PatternClass(text[end]) == first
  // The last of several whitespace characters is left for the word that follows.
  if first == .whitespace, end < limit, end - start > 1 { end -= 1 }
  return end
}

/// The length of an English contraction such as `'s` at `start`; 0 if there is none.
private func contractionLength(_ text: [UInt32], _ start: Int, _ limit: Int) -> Int {
  guard text[start] == 0x27, start + 1 < limit else { return 0 }
  switch (text[start + 1], start + 2 < limit ? text[start + 2] : 0) {
  case (0x73, _), (0x74, _), (0x6D, _), (0x64, _): return 2  // s t m d
  case (0x72, 0x65), (0x76, 0x65), (0x6C, 0x6C): return 3  // re ve ll
  default: return 0
  }
}
