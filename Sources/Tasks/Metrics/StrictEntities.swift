/// Extracts entities from tag sequences as seqeval 1.2.2 does in its strict mode, by a scheme. For scoring only; `TagScheme`
/// reads corpora.
import Datasets

/// The entities of a sentence whose tags are those of the scheme from the first to the last. A tag with a prefix that the
/// scheme does not have, for which seqeval raises an error, is O.
///
///     strictEntities(["I-Drug", "O", "B-Drug"], .iob2)  // only the last
///
/// - Precondition: the scheme has prefixes, so it is not IO.
func strictEntities(_ tags: [String], _ scheme: TagScheme) -> [Span] {
  precondition(scheme != .io, "IO tags have no boundaries that could be wrong")
  let rules = StrictRules(scheme), outside = StrictTag(letter: "O", type: "_")
  let tags = tags.map { StrictTag($0, letters: rules.letters) } + [outside]
  var entities: [Span] = [], index = 0
  while index < tags.count {
    let previous = index > 0 ? tags[index - 1] : outside
    guard rules.start.contains(where: { $0.matches(previous, tags[index]) }) else {
      index += 1
      continue
    }
    var end = index + 1
    while end < tags.count - 1, rules.inside.contains(where: { $0.matches(tags[end - 1], tags[end]) }) { end += 1 }
    end = min(end, tags.count - 1)
    if rules.end.contains(where: { $0.matches(tags[end - 1], tags[end]) }) {
      entities.append(Span(tags[index].type, index, end))
    }
    index = max(end, index + 1)
  }
  return entities
}

private struct StrictTag {
  var letter: Character
  var type: String

  init(letter: Character, type: String) { (self.letter, self.type) = (letter, type) }

  /// Hyphens around the type are cut off; a tag without a type has "_".
  init(_ tag: String, letters: String) {
    letter = tag.first.flatMap { letters.contains($0) ? $0 : nil } ?? "O"
    var rest = tag.dropFirst()
    while rest.first == "-" { rest.removeFirst() }
    while rest.last == "-" { rest.removeLast() }
    type = rest.isEmpty ? "_" : String(rest)
  }
}

/// Two adjacent tags, by their prefixes and whether their types are equal; nil: either.
private struct TagPattern {
  let previous, current: String
  let sameType: Bool?

  init(_ previous: String, _ current: String, sameType: Bool? = nil) {
    (self.previous, self.current, self.sameType) = (previous, current, sameType)
  }

  func matches(_ previous: StrictTag, _ current: StrictTag) -> Bool {
    self.previous.contains(previous.letter) && self.current.contains(current.letter)
      && (sameType == nil || sameType == (previous.type == current.type))
  }
}

/// seqeval's patterns of a scheme.
private struct StrictRules {
  let letters: String
  /// Where an entity begins, continues, and has ended.
  let start, inside, end: [TagPattern]

  init(_ scheme: TagScheme) {
    switch scheme {
    case .iob1:
      letters = "IOB"
      start = [
        TagPattern("O", "I"), TagPattern("I", "I", sameType: false), TagPattern("B", "I"),
        TagPattern("IB", "B", sameType: true),
      ]
      inside = [TagPattern("BI", "I", sameType: true)]
      end = [
        TagPattern("IB", "I", sameType: false), TagPattern("IB", "O"), TagPattern("I", "B"),
        TagPattern("B", "B", sameType: true),
      ]
    case .iob2, .io:
      letters = "IOB"
      start = [TagPattern("IOB", "B")]
      inside = [TagPattern("BI", "I", sameType: true)]
      end = [TagPattern("IB", "OB"), TagPattern("IB", "I", sameType: false)]
    case .iobes:
      letters = "IOBES"
      start = [TagPattern(letters, "BS")]
      inside = [TagPattern("BI", "IE", sameType: true)]
      end = [TagPattern("ES", letters)]
    case .bilou:
      letters = "IOBLU"
      start = [TagPattern(letters, "BU")]
      inside = [TagPattern("BI", "IL", sameType: true)]
      end = [TagPattern("LU", letters)]
    }
  }
}
