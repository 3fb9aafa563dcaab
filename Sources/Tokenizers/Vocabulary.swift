/// The tokens in the order of their ids, and a hash table to find them by scalars. Does not read files.
///
/// Swift's `String` holds "é" and "e" + accent to be equal, which are two tokens here; so keys are scalars.
struct Vocabulary: Sendable {
  let tokens: [String]
  /// What a piece that does not begin a word begins with, such as `##`.
  let prefix: [UInt32]
  /// Scalars of the longest token.
  let longest: Int
  private var scalars = [UInt32]()
  private var ends = [Int]()
  /// Ids by hash with linear probing, -1 where free; the count is a power of 2, at most half are taken.
  private var slots: [Int32]
  private let prefixHash: UInt64

  init(_ tokens: [String], prefix: String, file: String) throws(TokenizerFault) {
    guard !tokens.isEmpty else { throw .emptyVocabulary(file: file) }
    self.tokens = tokens
    self.prefix = prefix.unicodeScalars.map(\.value)
    var size = 16
    while size < 2 * tokens.count { size *= 2 }
    slots = Array(repeating: -1, count: size)
    var longest = 0
    for token in tokens {
      let before = scalars.count
      appendScalars(of: token, to: &scalars)
      ends.append(scalars.count)
      longest = max(longest, scalars.count - before)
    }
    self.longest = longest
    prefixHash = self.prefix.reduce(emptyHash, extend)
    for id in tokens.indices {
      let start = id == 0 ? 0 : ends[id - 1]
      let word = scalars[start..<ends[id]]
      let slot = find(word.reduce(emptyHash, extend), word.startIndex..<word.endIndex, of: scalars, continuing: false)
      if slots[slot] >= 0 {
        throw .duplicateToken(file: file, token: tokens[id], first: Int(slots[slot]), second: id)
      }
      slots[slot] = Int32(id)
    }
  }

  var count: Int { tokens.count }

  func id(of token: String) -> Int32? {
    let word = token.unicodeScalars.map(\.value)
    let id = slots[find(word.reduce(emptyHash, extend), word.indices, of: word, continuing: false)]
    return id < 0 ? nil : id
  }

  /// Greedy longest match from the left (Wu et al. 2016): calls `body` with each piece of the word `text[range]`.
  /// - Parameters:
  ///   - inside: whether `range` is a later part of a word, which does not begin it.
  ///   - first: scalars that the first piece may have at most.
  /// - Returns: false when some part of the word is in no token; `body` may have seen pieces before that part.
  func forEachPiece(
    _ text: [UInt32], _ range: Range<Int>, inside: Bool = false, first: Int = .max,
    _ body: (Int32, Range<Int>) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: min(range.count, longest)) { hashes in
      var start = range.lowerBound
      while start < range.upperBound {
        let continuing = inside || start > range.lowerBound
        let most = start > range.lowerBound ? range.upperBound - start : min(range.count, first)
        let reach = min(most, longest - (continuing ? prefix.count : 0))
        guard reach > 0 else { return false }
        var hash = continuing ? prefixHash : emptyHash
        for i in 0..<reach {
          hash = extend(hash, text[start + i])
          hashes[i] = hash
        }
        var end = start + reach
        var id: Int32 = -1
        while end > start {
          id = slots[find(hashes[end - start - 1], start..<end, of: text, continuing: continuing)]
          if id >= 0 { break }
          end -= 1
        }
        if id < 0 { return false }
        body(id, start..<end)
        start = end
      }
      return true
    }
  }

  /// The slot that holds `text[range]` (after the prefix, when continuing), or the free one where it would be.
  private func find(_ hash: UInt64, _ range: Range<Int>, of text: [UInt32], continuing: Bool) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash >> 20) & mask
    while slots[slot] >= 0, !holds(Int(slots[slot]), range, of: text, continuing: continuing) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  private func holds(_ id: Int, _ range: Range<Int>, of text: [UInt32], continuing: Bool) -> Bool {
    var at = id == 0 ? 0 : ends[id - 1]
    let skipped = continuing ? prefix.count : 0
    guard ends[id] - at == range.count + skipped else { return false }
    for i in 0..<skipped where scalars[at + i] != prefix[i] { return false }
    at += skipped - range.lowerBound
    for i in range where scalars[at + i] != text[i] { return false }
    return true
  }
}

let emptyHash: UInt64 = 0x9E37_79B9_7F4A_7C15

/// The hash of a word and one more scalar: xor and multiply, as FNV-1a does, by a constant that mixes the upper bits.
func extend(_ hash: UInt64, _ scalar: UInt32) -> UInt64 {
  let mixed = (hash ^ UInt64(scalar)) &* 0xD6E8_FEB8_6659_FD93
  return mixed ^ (mixed >> 32)
}

/// The scalars of `text`; quicker than `unicodeScalars` where it is ASCII.
func appendScalars(of text: String, to scalars: inout [UInt32]) {
  let isASCII = text.utf8.withContiguousStorageIfAvailable { bytes in
    guard bytes.allSatisfy({ $0 < 0x80 }) else { return false }
    scalars.append(contentsOf: bytes.lazy.map { UInt32($0) })
    return true
  }
  if isASCII != true { scalars.append(contentsOf: text.unicodeScalars.lazy.map(\.value)) }
}

/// The text of `scalars`, which came from a text.
func string(of scalars: some Sequence<UInt32>) -> String {
  var text = String.UnicodeScalarView()
  for scalar in scalars { if let scalar = Unicode.Scalar(scalar) { text.append(scalar) } }
  return String(text)
}
