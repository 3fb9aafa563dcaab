/// BERT's normalizer: cleans text, isolates CJK characters, removes accents and lower-cases, and keeps the alignment
/// with the original text. Does not split into words.
struct Normalizer: Sendable, Equatable {
  /// Removes control and private-use characters, and replaces all whitespace with spaces.
  var cleanText: Bool
  /// Puts spaces around CJK ideographs.
  var handleChineseChars: Bool
  /// Decomposes (NFD), then removes nonspacing marks; nil does so if `lowercase` is true, as in BERT.
  var stripAccents: Bool?
  var lowercase: Bool

  var stripsAccents: Bool { stripAccents ?? lowercase }

  /// The normalized form of `scalars[range]`; alignments are indices into `scalars`.
  func normalize(_ scalars: [UInt32], _ range: Range<Int>) -> NormalizedText {
    var text = NormalizedText(capacity: range.count)
    for i in range {
      guard scalars[i] < 0x80 else { return normalizeBeyondASCII(scalars, range) }
      let c = scalars[i]
      if cleanText, c < 0x20 || c == 0x7F {
        if 0x09...0x0A ~= c || c == 0x0D { text.append(0x20, from: i) }
      } else {
        text.append(lowercase && 0x41...0x5A ~= c ? c + 0x20 : c, from: i)
      }
    }
    return text
  }

  private func normalizeBeyondASCII(_ scalars: [UInt32], _ range: Range<Int>) -> NormalizedText {
    var text = clean(scalars, range)
    if stripsAccents { text = decompose(text) }
    guard stripsAccents || lowercase else { return text }
    var result = NormalizedText(capacity: text.scalars.count)
    let tables = CharacterTables.shared
    for (c, index) in zip(text.scalars, text.alignments) {
      if stripsAccents, c >= 0x80, tables.marks.contains(c) { continue }
      if !lowercase {
        result.append(c, from: index)
      } else if c == 0x130 {
        // İ is the only letter whose lower case has two code points.
        result.append(0x69, from: index)
        result.append(0x307, from: index)
      } else {
        result.append(tables.lowercase[c], from: index)
      }
    }
    return result
  }

  private func clean(_ scalars: [UInt32], _ range: Range<Int>) -> NormalizedText {
    var text = NormalizedText(capacity: range.count)
    let tables = CharacterTables.shared
    for i in range {
      var c = scalars[i]
      if cleanText {
        if tables.removed.contains(c) { continue }
        if isSpace(c) { c = 0x20 }
      }
      let isolated = handleChineseChars && isIdeograph(c)
      if isolated { text.append(0x20, from: i) }
      text.append(c, from: i)
      if isolated { text.append(0x20, from: i) }
    }
    return text
  }

  /// NFD. If marks are reordered, the library assigns alignments in order to the first scalars of decompositions, and
  /// repeats the previous one for the other scalars; so a scalar may be aligned with an adjacent character.
  private func decompose(_ text: NormalizedText) -> NormalizedText {
    var result = NormalizedText(capacity: text.scalars.count)
    let tables = CharacterTables.shared
    var pending = [DecomposedScalar]()
    var firstCount = 0
    func flush() {
      if pending.count > 1 { pending = inCanonicalOrder(pending) }
      for part in pending {
        if part.isFirst { firstCount += 1 }
        result.append(part.scalar, from: text.alignments[max(firstCount, 1) - 1])
      }
      pending.removeAll(keepingCapacity: true)
    }
    for c in text.scalars {
      var isFirst = true
      tables.decompositions.forEach(of: c) { scalar in
        let combiningClass = scalar < 0x80 ? 0 : tables.combiningClasses[scalar]
        if combiningClass == 0 { flush() }
        pending.append(DecomposedScalar(scalar: scalar, combiningClass: combiningClass, isFirst: isFirst))
        isFirst = false
      }
    }
    flush()
    return result
  }
}

/// One code point of a decomposition.
private struct DecomposedScalar {
  var scalar: UInt32
  /// Canonical combining class; 0 starts a new cluster.
  var combiningClass: UInt32
  /// Whether it is the first of its character's decomposition.
  var isFirst: Bool
}

/// Stable sort by combining class.
private func inCanonicalOrder(_ parts: [DecomposedScalar]) -> [DecomposedScalar] {
  parts.indices.sorted { (parts[$0].combiningClass, $0) < (parts[$1].combiningClass, $1) }.map { parts[$0] }
}

/// A normalized text, with the index in the original text that each scalar comes from.
struct NormalizedText: Equatable {
  private(set) var scalars = [UInt32]()
  private(set) var alignments = [Int]()

  init(capacity: Int) {
    scalars.reserveCapacity(capacity)
    alignments.reserveCapacity(capacity)
  }

  mutating func append(_ scalar: UInt32, from index: Int) {
    scalars.append(scalar)
    alignments.append(index)
  }

  /// The range of the original text that `range` of the normalized text comes from.
  func originalRange(of range: Range<Int>) -> Range<Int> {
    range.isEmpty ? 0..<0 : alignments[range.lowerBound]..<(alignments[range.upperBound - 1] + 1)
  }
}
