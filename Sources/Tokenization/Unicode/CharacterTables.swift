/// Unicode tables keyed by code point, decoded from the generated data when the first non-ASCII character is looked up.
/// Does not use the Swift library's Unicode data, so that token ids do not change with the compiler.
struct CharacterTables: Sendable {
  let removed = CodePointSet(CharacterData.removed)
  let punctuation = CodePointSet(CharacterData.punctuation)
  let marks = CodePointSet(CharacterData.marks)
  let wordCharacters = CodePointSet(CharacterData.wordCharacters)
  let combiningClasses = CodePointMap(CharacterData.combiningClasses)
  let lowercase = LowercaseRuns(CharacterData.lowercase)
  let decompositions = Decompositions(DecompositionData.canonical)

  static let shared = CharacterTables()
}

/// Unicode's White_Space property, unchanged since version 6.3.
func isSpace(_ c: UInt32) -> Bool {
  switch c {
  case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
  default: false
  }
}

/// The CJK ideographs that BERT treats as single words ("Chinese characters"). Excludes Kana and Hangul.
func isIdeograph(_ c: UInt32) -> Bool {
  switch c {
  case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
    0x2F800...0x2FA1F:
    true
  default: false
  }
}

/// A set of code points, stored as the points at which membership changes, in order.
struct CodePointSet: Sendable {
  private let edges: [UInt32]

  init(_ text: StaticString) {
    var edge: UInt32 = 0
    edges = numbers(text).map { difference in
      edge += difference
      return edge
    }
  }

  func contains(_ c: UInt32) -> Bool { count(of: edges, upTo: c) & 1 == 1 }
}

/// A piecewise constant map: each value holds from its edge to the next; 0 before the first edge.
struct CodePointMap: Sendable {
  private var edges = [UInt32]()
  private var values = [UInt32]()

  init(_ text: StaticString) {
    let all = numbers(text)
    var edge: UInt32 = 0
    for i in stride(from: 0, to: all.count, by: 2) {
      edge += all[i]
      edges.append(edge)
      values.append(all[i + 1])
    }
  }

  subscript(_ c: UInt32) -> UInt32 {
    let n = count(of: edges, upTo: c)
    return n == 0 ? 0 : values[n - 1]
  }
}

/// Runs of letters with the same distance to their lower case; in most scripts every second letter.
struct LowercaseRuns: Sendable {
  private var starts = [UInt32]()
  private var runs = [(last: UInt32, stride: UInt32, shift: Int32)]()

  init(_ text: StaticString) {
    let all = numbers(text)
    var start: UInt32 = 0
    for i in stride(from: 0, to: all.count, by: 4) {
      start += all[i]
      starts.append(start)
      let shift = Int32(all[i + 3] >> 1)
      runs.append((start + all[i + 1] * all[i + 2], all[i + 2], all[i + 3] & 1 == 0 ? shift : -shift - 1))
    }
  }

  /// The lower case of `c` if it is a single code point, else `c`.
  subscript(_ c: UInt32) -> UInt32 {
    let n = count(of: starts, upTo: c)
    guard n > 0 else { return c }
    let run = runs[n - 1]
    guard c <= run.last, (c - starts[n - 1]) % run.stride == 0 else { return c }
    return UInt32(truncatingIfNeeded: Int32(c) + run.shift)
  }
}

/// Full canonical decompositions; Hangul is computed (Unicode 15, §3.12).
struct Decompositions: Sendable {
  private var keys = [UInt32]()
  private var ends = [Int]()
  private var parts = [UInt32]()

  init(_ text: StaticString) {
    let all = numbers(text)
    var key: UInt32 = 0
    var i = 0
    while i < all.count {
      key += all[i]
      keys.append(key)
      parts += all[(i + 2)..<(i + 2 + Int(all[i + 1]))]
      ends.append(parts.count)
      i += 2 + Int(all[i + 1])
    }
  }

  func forEach(of c: UInt32, _ body: (UInt32) -> Void) {
    if c >= 0xAC00, c < 0xAC00 + 11172 {
      let syllable = c - 0xAC00
      body(0x1100 + syllable / 588)
      body(0x1161 + syllable % 588 / 28)
      if syllable % 28 != 0 { body(0x11A7 + syllable % 28) }
      return
    }
    let n = count(of: keys, upTo: c)
    guard n > 0, keys[n - 1] == c else { return body(c) }
    for part in parts[(n > 1 ? ends[n - 2] : 0)..<ends[n - 1]] { body(part) }
  }
}

/// The number of ascending `edges` that are at most `c`.
private func count(of edges: [UInt32], upTo c: UInt32) -> Int {
  var low = 0, high = edges.count
  while low < high {
    let middle = (low + high) / 2
    if edges[middle] <= c { low = middle + 1 } else { high = middle }
  }
  return low
}

/// Parses base-36 numbers separated by whitespace.
func numbers(_ text: StaticString) -> [UInt32] {
  text.withUTF8Buffer { bytes in
    var numbers = [UInt32]()
    var number: UInt32 = 0
    for byte in bytes {
      if byte <= 0x20 {
        numbers.append(number)
        number = 0
      } else {
        number = number * 36 + UInt32(byte < 0x61 ? byte - 0x30 : byte - 0x57)
      }
    }
    return numbers + [number]
  }
}
