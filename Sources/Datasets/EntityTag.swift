/// One tag of a tag scheme: a prefix and an entity type.

/// `B-Disease`, or `B` alone in a corpus that has one type without a name.
package struct EntityTag: Sendable, Hashable {
  package enum Prefix: Character, Sendable {
    case begin = "B"
    case inside = "I"
    /// The last word of an entity; L in BILOU.
    case end = "E"
    /// An entity of one word; U in BILOU.
    case single = "S"
  }

  package let prefix: Prefix
  package let type: String

  /// What seqeval calls the type of a tag without one.
  package static let unnamedType = "_"

  package init(_ prefix: Prefix, _ type: String) { (self.prefix, self.type) = (prefix, type) }

  /// Returns nil for O and for text that is not a tag.
  package init?(_ tag: String) {
    let bytes = tag.utf8
    guard let first = tag.unicodeScalars.first, let prefix = Self.prefix(first) else { return nil }
    if bytes.count == 1 {
      self.init(prefix, Self.unnamedType)
    } else {
      guard bytes.count > 2, bytes[bytes.index(after: bytes.startIndex)] == UInt8(ascii: "-") else { return nil }
      self.init(prefix, String(tag.unicodeScalars.dropFirst(2)))
    }
  }

  private static func prefix(_ letter: Unicode.Scalar) -> Prefix? {
    switch letter {
    case "L": .end
    case "U": .single
    default: Prefix(rawValue: Character(letter))
    }
  }
}
