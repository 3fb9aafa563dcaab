/// Cleans, separates, strips and lower-cases text as BERT's normalizer does, and remembers where each scalar came from.
/// Does not split into words.
struct Normalizer: Sendable, Equatable {
  /// Drops control and private-use characters, and makes every white space a blank.
  var cleanText: Bool
  /// Puts blanks around CJK ideographs.
  var handleChineseChars: Bool
  /// Decomposes, then drops nonspacing marks; nil does so when lower-casing, as BERT did.
  var stripAccents: Bool?
  var lowercase: Bool

  private var strips: Bool { stripAccents ?? lowercase }

  /// The normal form of `scalars[range]`; origins count from the start of `scalars`.
  func normalize(_ scalars: [UInt32], _ range: Range<Int>) -> AlignedText {
    var text = AlignedText(capacity: range.count)
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

  private func normalizeBeyondASCII(_ scalars: [UInt32], _ range: Range<Int>) -> AlignedText {
    var text = clean(scalars, range)
    if strips { text = decompose(text) }
    guard strips || lowercase else { return text }
    var result = AlignedText(capacity: text.scalars.count)
    let tables = CharacterTables.shared
    for (c, origin) in zip(text.scalars, text.origins) {
      if strips, c >= 0x80, tables.marks.contains(c) { continue }
      if !lowercase {
        result.append(c, from: origin)
      } else if c == 0x130 {
        // İ is the one letter whose lower case is two code points.
        result.append(0x69, from: origin)
        result.append(0x307, from: origin)
      } else {
        result.append(tables.lowercase[c], from: origin)
      }
    }
    return result
  }

  private func clean(_ scalars: [UInt32], _ range: Range<Int>) -> AlignedText {
    var text = AlignedText(capacity: range.count)
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

  /// NFD. Where marks change places, the library lets the first parts of decompositions take the origins in order of
  /// appearance, and the further parts repeat the origin before them; so an origin may be a neighbour's.
  private func decompose(_ text: AlignedText) -> AlignedText {
    var result = AlignedText(capacity: text.scalars.count)
    let tables = CharacterTables.shared
    var pending = [Part]()
    var taken = 0
    func flush() {
      if pending.count > 1 { pending = inCanonicalOrder(pending) }
      for part in pending {
        if part.isFirst { taken += 1 }
        result.append(part.scalar, from: text.origins[max(taken, 1) - 1])
      }
      pending.removeAll(keepingCapacity: true)
    }
    for c in text.scalars {
      var isFirst = true
      tables.decompositions.forEach(of: c) { scalar in
        let order = scalar < 0x80 ? 0 : tables.combiningClasses[scalar]
        if order == 0 { flush() }
        pending.append(Part(scalar: scalar, order: order, isFirst: isFirst))
        isFirst = false
      }
    }
    flush()
    return result
  }
}

/// One code point of a decomposition.
private struct Part {
  var scalar: UInt32
  /// Canonical combining class; 0 begins a new cluster.
  var order: UInt32
  var isFirst: Bool
}

/// Sorted by combining class; equals keep their places.
private func inCanonicalOrder(_ parts: [Part]) -> [Part] {
  parts.indices.sorted { (parts[$0].order, $0) < (parts[$1].order, $1) }.map { parts[$0] }
}

/// Scalars, each with the index of the scalar of the original text that it came from.
struct AlignedText: Equatable {
  private(set) var scalars = [UInt32]()
  private(set) var origins = [Int]()

  init(capacity: Int) {
    scalars.reserveCapacity(capacity)
    origins.reserveCapacity(capacity)
  }

  mutating func append(_ scalar: UInt32, from origin: Int) {
    scalars.append(scalar)
    origins.append(origin)
  }

  /// The part of the original text that `range` of this one came from.
  func origin(of range: Range<Int>) -> Range<Int> {
    range.isEmpty ? 0..<0 : origins[range.lowerBound]..<(origins[range.upperBound - 1] + 1)
  }
}
