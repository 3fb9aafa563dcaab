/// Tag schemes, which encode entities as one tag per word, and conversion to spans. `EntityScore` does the scoring.

/// One entity: the words `start..<end` of a sentence, from 0.
public struct Span: Sendable, Hashable {
  public let type: String
  public let start: Int
  public let end: Int

  public init(_ type: String, _ start: Int, _ end: Int) {
    self.type = type
    self.start = start
    self.end = end
  }
}

/// The entities of one sentence, and how many of its tags are invalid in the scheme.
public struct ParsedSpans: Sendable, Equatable {
  public var spans: [Span] = []
  public var invalidTags = 0
}

/// IOB1 (Ramshaw & Marcus 1995): B- only between adjacent entities of one type. IOB2: every entity starts with B-.
/// IOBES: E- ends an entity of several words, S- is a one-word entity. BILOU: IOBES with L- and U- instead.
public enum TagScheme: String, Sendable, CaseIterable {
  case iob1, iob2, iobes, bilou
}

extension TagScheme {
  /// The scheme in which a corpus has the fewest invalid tags; IOB2 if several are equal, as without entities.
  ///
  /// If there are E- and S-, or L- and U- tags, the more frequent pair selects IOBES or BILOU; otherwise IOB1 and IOB2
  /// are compared.
  public static func detect(in sentences: some Sequence<[String]>) -> TagScheme {
    var counts: [UInt8: Int] = [:], invalidIOB1 = 0, invalidIOB2 = 0
    for tags in sentences {
      for tag in tags { counts[tag.utf8.first ?? 0, default: 0] += 1 }
      invalidIOB1 += iob1.spans(tags).invalidTags
      invalidIOB2 += iob2.spans(tags).invalidTags
    }
    func count(_ letters: String) -> Int { letters.utf8.reduce(0) { $0 + counts[$1, default: 0] } }
    let iobesTags = count("ES"), bilouTags = count("LU")
    if iobesTags + bilouTags > 0 { return iobesTags >= bilouTags ? .iobes : .bilou }
    return invalidIOB1 < invalidIOB2 ? .iob1 : .iob2
  }

  /// Converts tags to spans. Invalid tags are counted and read as conlleval reads them: an I- or E- without a preceding
  /// B- starts an entity, an entity without an end tag ends before the next tag, any other text is O.
  ///
  ///     TagScheme.iobes.spans(["B-Drug", "E-Drug", "O", "S-Dose"]).spans  // [Drug 0..<2, Dose 3..<4]
  public func spans(_ tags: [String]) -> ParsedSpans {
    var reader = SpanReader(scheme: self)
    for (index, tag) in tags.enumerated() { reader.read(tag, at: index) }
    reader.close(at: tags.count, early: true)
    return reader.parsed
  }

  /// The same entities in IOB2.
  public func toIOB2(_ tags: [String]) -> [String] { iob2Tags(spans(tags).spans, count: tags.count) }
}

/// The IOB2 tags of `count` words. A span that overlaps one that starts earlier is left out.
public func iob2Tags(_ spans: [Span], count: Int) -> [String] {
  var tags = [String](repeating: "O", count: count)
  var end = 0
  for span in spans.sorted(by: { $0.start < $1.start }) where span.start >= end && span.end <= count {
    guard span.start < span.end else { continue }
    tags[span.start] = "B-" + span.type
    for index in span.start + 1..<span.end { tags[index] = "I-" + span.type }
    end = span.end
  }
  return tags
}

/// A corpus converted to IOB2, with its original scheme and the number of tags that were invalid in it.
public struct IOB2Corpus: Sendable, Equatable {
  public var sentences: [Record]
  public var scheme: TagScheme
  public var invalidTags: Int
  public var sentencesWithInvalidTags: Int

  /// - Parameter scheme: the original scheme; nil to detect it ("auto").
  public init(_ sentences: [Record], from scheme: TagScheme? = nil) {
    let scheme = scheme ?? TagScheme.detect(in: sentences.lazy.map(\.tags))
    self.scheme = scheme
    self.sentences = []
    (invalidTags, sentencesWithInvalidTags) = (0, 0)
    for sentence in sentences {
      let parsed = scheme.spans(sentence.tags)
      let tags = iob2Tags(parsed.spans, count: sentence.tags.count)
      var converted = sentence
      converted.tags = tags
      self.sentences.append(converted)
      invalidTags += parsed.invalidTags
      sentencesWithInvalidTags += parsed.invalidTags > 0 ? 1 : 0
    }
  }
}

/// The parser's state between tags.
private struct SpanReader {
  let scheme: TagScheme
  var parsed = ParsedSpans()
  /// The current entity.
  var open: (type: String, start: Int)?
  /// Type of the previous word's entity, for IOB1's B-.
  var previous: String?

  init(scheme: TagScheme) { self.scheme = scheme }

  private var marksEnds: Bool { scheme == .iobes || scheme == .bilou }

  mutating func read(_ tag: String, at index: Int) {
    guard let (letter, type) = parse(tag) else {
      if tag != "O" { parsed.invalidTags += 1 }
      close(at: index, early: true)
      previous = nil
      return
    }
    if !isAllowed(letter, type) { parsed.invalidTags += 1 }
    let continues = (letter == "I" || letter == "E") && open?.type == type
    if !continues {
      close(at: index, early: true)
      open = (type, index)
    }
    if letter == "E" || letter == "S" { close(at: index + 1, early: false) }
    previous = type
  }

  /// Ends the current entity before `index`. In a scheme that marks ends, an end without an end tag is invalid.
  mutating func close(at index: Int, early: Bool) {
    guard let entity = open else { return }
    parsed.spans.append(Span(entity.type, entity.start, index))
    if early && marksEnds { parsed.invalidTags += 1 }
    open = nil
  }

  /// Whether `letter` is valid here; `close` counts missing end tags.
  private func isAllowed(_ letter: Character, _ type: String) -> Bool {
    switch (scheme, letter) {
    case (.iob1, "I"), (.iob2, "B"), (.iobes, "B"), (.bilou, "B"), (.iobes, "S"), (.bilou, "S"): true
    case (.iob1, "B"): previous == type
    case (.iob2, "I"), (.iobes, "I"), (.bilou, "I"), (.iobes, "E"), (.bilou, "E"): open?.type == type
    default: false
    }
  }

  /// Letter and type, with L and U mapped to E and S; nil for O and for text that is not a tag.
  private func parse(_ tag: String) -> (letter: Character, type: String)? {
    guard tag.utf8.count > 2, let first = tag.first, tag.dropFirst().first == "-" else { return nil }
    let type = String(tag.dropFirst(2))
    switch first {
    case "B", "I", "E", "S": return (first, type)
    case "L": return ("E", type)
    case "U": return ("S", type)
    default: return nil
    }
  }
}
