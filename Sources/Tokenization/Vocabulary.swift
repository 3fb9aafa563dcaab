/// A WordPiece vocabulary: tokens by id, a hash table of ids by token, and the greedy longest-match algorithm.
/// Does not read files.
///
/// Keys are sequences of scalars: for Swift's `String`, "é" and "e" + accent are equal, but they are different tokens.
struct Vocabulary: Sendable {
  let tokens: [String]
  /// The prefix of tokens that continue a word, such as `##`.
  let continuingSubwordPrefix: [UInt32]
  /// Scalars of the longest token.
  let maxTokenLength: Int
  private var scalars = [UInt32]()
  private var ends = [Int]()
  /// Ids by hash, with linear probing; -1 if free. The size is a power of 2, at most half are used.
  private var slots: [Int32]
  private let prefixHash: UInt64

  init(_ tokens: [String], prefix: String, file: String) throws(TokenizerFault) {
    guard !tokens.isEmpty else { throw .emptyVocabulary(file: file) }
    self.tokens = tokens
    continuingSubwordPrefix = prefix.unicodeScalars.map(\.value)
    var size = 16
    while size < 2 * tokens.count { size *= 2 }
    slots = Array(repeating: -1, count: size)
    var maxTokenLength = 0
    for token in tokens {
      let before = scalars.count
      appendScalars(of: token, to: &scalars)
      ends.append(scalars.count)
      maxTokenLength = max(maxTokenLength, scalars.count - before)
    }
    self.maxTokenLength = maxTokenLength
    prefixHash = continuingSubwordPrefix.reduce(emptyHash, extend)
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

  /// Greedy longest match from the left (Wu et al. 2016): calls `body` with each token of the word `text[range]`.
  /// - Parameters:
  ///   - continuing: whether `range` continues a word, so that its first token needs the prefix.
  ///   - maxFirst: maximum length of the first token, in scalars.
  /// - Returns: false if the word cannot be tokenized; `body` may have been called for its beginning.
  func forEachToken(
    _ text: [UInt32], _ range: Range<Int>, continuing: Bool = false, maxFirst: Int = .max,
    _ body: (Int32, Range<Int>) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: min(range.count, maxTokenLength)) { hashes in
      var start = range.lowerBound
      while start < range.upperBound {
        let continuing = continuing || start > range.lowerBound
        let limit = start > range.lowerBound ? range.upperBound - start : min(range.count, maxFirst)
        let maxLength = min(limit, maxTokenLength - (continuing ? continuingSubwordPrefix.count : 0))
        guard maxLength > 0 else { return false }
        var hash = continuing ? prefixHash : emptyHash
        for i in 0..<maxLength {
          hash = extend(hash, text[start + i])
          hashes[i] = hash
        }
        var end = start + maxLength
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

  /// The slot of the token `text[range]` (with the prefix, if continuing), or the free slot for it.
  private func find(_ hash: UInt64, _ range: Range<Int>, of text: [UInt32], continuing: Bool) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash >> 20) & mask
    while slots[slot] >= 0, !matches(Int(slots[slot]), range, of: text, continuing: continuing) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  private func matches(_ id: Int, _ range: Range<Int>, of text: [UInt32], continuing: Bool) -> Bool {
    let start = id == 0 ? 0 : ends[id - 1]
    let prefixLength = continuing ? continuingSubwordPrefix.count : 0
    guard ends[id] - start == range.count + prefixLength else { return false }
    for i in 0..<prefixLength where scalars[start + i] != continuingSubwordPrefix[i] { return false }
    let shift = start + prefixLength - range.lowerBound
    for i in range where scalars[shift + i] != text[i] { return false }
    return true
  }
}

let emptyHash: UInt64 = 0x9E37_79B9_7F4A_7C15

/// Extends the hash of a word by one scalar: xor and multiply as in FNV-1a, with mixing of the upper bits.
func extend(_ hash: UInt64, _ scalar: UInt32) -> UInt64 {
  let mixed = (hash ^ UInt64(scalar)) &* 0xD6E8_FEB8_6659_FD93
  return mixed ^ (mixed >> 32)
}

/// Appends the scalars of `text`; faster than `unicodeScalars` for ASCII.
func appendScalars(of text: String, to scalars: inout [UInt32]) {
  let isASCII = text.utf8.withContiguousStorageIfAvailable { bytes in
    guard bytes.allSatisfy({ $0 < 0x80 }) else { return false }
    scalars.append(contentsOf: bytes.lazy.map { UInt32($0) })
    return true
  }
  if isASCII != true { scalars.append(contentsOf: text.unicodeScalars.lazy.map(\.value)) }
}

/// The string of valid scalars.
func string(of scalars: some Sequence<UInt32>) -> String {
  var text = String.UnicodeScalarView()
  for scalar in scalars { if let scalar = Unicode.Scalar(scalar) { text.append(scalar) } }
  return String(text)
}
