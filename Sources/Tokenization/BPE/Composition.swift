/// Unicode normalization form C, aligned with the original text as in the `tokenizers` library.

/// The NFC form of `scalars[range]`; alignments are indices into `scalars`.
///
/// In the library a composite is aligned with the first of its parts only; and if marks are reordered, alignments are
/// assigned in the order of the output.
func composedText(_ scalars: [UInt32], _ range: Range<Int>) -> NormalizedText {
  var composer = Composer(capacity: range.count)
  for i in range { composer.append(scalars[i]) }
  return composer.finish(range.lowerBound)
}

/// Whether NFC leaves every text of such scalars as it is.
func isComposed(_ scalars: [UInt32], _ range: Range<Int>) -> Bool { scalars[range].allSatisfy { $0 < 0x300 } }

/// Decomposes, orders and composes scalars one by one (Unicode 15, §3.11).
private struct Composer {
  private struct Part {
    var scalar: UInt32
    var combiningClass: UInt32
    /// How many scalars of the original text this one replaces; 0 for the later parts of a decomposition.
    var replaced: Int
  }

  private var output = [Part]()
  /// Marks that are not yet in canonical order.
  private var pending = [Part]()
  /// The last starter, and the marks after it that it does not compose with.
  private var starter: Part?
  private var marks = [Part]()

  init(capacity: Int) { output.reserveCapacity(capacity) }

  mutating func append(_ c: UInt32) {
    let tables = CharacterTables.shared
    var parts = [Part]()
    tables.decompositions.forEach(of: c) { scalar in
      let combiningClass = scalar < 0x300 ? 0 : tables.combiningClasses[scalar]
      parts.append(Part(scalar: scalar, combiningClass: combiningClass, replaced: parts.isEmpty ? 1 : 0))
    }
    for part in parts {
      if part.combiningClass == 0 { composePending() }
      pending.append(part)
    }
  }

  mutating func finish(_ start: Int) -> NormalizedText {
    composePending()
    flushStarter()
    var text = NormalizedText(capacity: output.count)
    var next = start
    for part in output {
      text.append(part.scalar, from: part.replaced > 0 ? next : max(next - 1, start))
      next += part.replaced
    }
    return text
  }

  private mutating func composePending() {
    if pending.count > 1 {
      let order = pending.indices.sorted { (pending[$0].combiningClass, $0) < (pending[$1].combiningClass, $1) }
      pending = order.map { pending[$0] }
    }
    for part in pending { compose(part) }
    pending.removeAll(keepingCapacity: true)
  }

  private mutating func compose(_ part: Part) {
    guard let starter else {
      if part.combiningClass == 0 { self.starter = part } else { output.append(part) }
      return
    }
    let isBlocked = marks.last.map { $0.combiningClass >= part.combiningClass } ?? false
    if !isBlocked, let composite = PatternTables.shared.compositions.composite(starter.scalar, part.scalar) {
      self.starter?.scalar = composite
      self.starter?.replaced += part.replaced
    } else if part.combiningClass == 0 {
      flushStarter()
      self.starter = part
    } else {
      marks.append(part)
    }
  }

  private mutating func flushStarter() {
    if let starter { output.append(starter) }
    output += marks
    starter = nil
    marks.removeAll(keepingCapacity: true)
  }
}
