/// The ways to write entities as one tag a word, and reading any of them as spans. Does not score: `EntityScore` does.

/// One entity: the words `start..<end` of a sentence, counted from 0.
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

/// The entities of one sentence, and how many of its tags broke the scheme's rules.
public struct ParsedSpans: Sendable, Equatable {
  public var spans: [Span] = []
  public var invalidTags = 0
}

/// IOB1 (Ramshaw & Marcus 1995): B- only between neighbours of one type. IOB2: every entity starts with B-.
/// IOBES: E- ends an entity of several words, S- is an entity of one. BILOU: the same with L- and U-.
public enum TagScheme: String, Sendable, CaseIterable {
  case iob1, iob2, iobes, bilou
}

extension TagScheme {
  /// The scheme whose rules a corpus breaks least; IOB2 when several fit, as for a corpus without entities.
  ///
  /// E- and S- decide for IOBES, L- and U- for BILOU, whichever are more; without them IOB1 and IOB2 are compared.
  public static func detect(in sentences: some Sequence<[String]>) -> TagScheme {
    var counts: [UInt8: Int] = [:], broken1 = 0, broken2 = 0
    for tags in sentences {
      for tag in tags { counts[tag.utf8.first ?? 0, default: 0] += 1 }
      broken1 += iob1.spans(tags).invalidTags
      broken2 += iob2.spans(tags).invalidTags
    }
    func count(_ letters: String) -> Int { letters.utf8.reduce(0) { $0 + counts[$1, default: 0] } }
    let iobesTags = count("ES"), bilouTags = count("LU")
    if iobesTags + bilouTags > 0 { return iobesTags >= bilouTags ? .iobes : .bilou }
    return broken1 < broken2 ? .iob1 : .iob2
  }

  /// Reads tags as spans. A tag that breaks the rules is counted and read as conlleval would: a stray I- or E- starts
  /// an entity, a missing end closes it, a tag of another form is O.
  ///
  ///     TagScheme.iobes.spans(["B-Drug", "E-Drug", "O", "S-Dose"]).spans  // [Drug 0..<2, Dose 3..<4]
  public func spans(_ tags: [String]) -> ParsedSpans {
    var reader = SpanReader(scheme: self)
    for (index, tag) in tags.enumerated() { reader.take(tag, at: index) }
    reader.close(at: tags.count, early: true)
    return reader.reading
  }

  /// The same entities in IOB2.
  public func toIOB2(_ tags: [String]) -> [String] { iob2Tags(spans(tags).spans, count: tags.count) }
}

/// The IOB2 tags of `count` words; where spans overlap, the first to start wins and the rest of the other is left out.
public func iob2Tags(_ spans: [Span], count: Int) -> [String] {
  var tags = [String](repeating: "O", count: count)
  var free = 0
  for span in spans.sorted(by: { $0.start < $1.start }) where span.start >= free && span.end <= count {
    guard span.start < span.end else { continue }
    tags[span.start] = "B-" + span.type
    for index in span.start + 1..<span.end { tags[index] = "I-" + span.type }
    free = span.end
  }
  return tags
}

/// A corpus in IOB2, with what its former scheme was and how often that was broken.
public struct IOB2Corpus: Sendable, Equatable {
  public var sentences: [TaggedSentence]
  public var scheme: TagScheme
  public var invalidTags: Int
  public var sentencesWithInvalidTags: Int

  /// - Parameter scheme: nil detects it ("auto").
  public init(_ sentences: [TaggedSentence], from scheme: TagScheme? = nil) {
    let scheme = scheme ?? TagScheme.detect(in: sentences.lazy.map(\.tags))
    self.scheme = scheme
    self.sentences = []
    (invalidTags, sentencesWithInvalidTags) = (0, 0)
    for sentence in sentences {
      let reading = scheme.spans(sentence.tags)
      let tags = iob2Tags(reading.spans, count: sentence.tags.count)
      self.sentences.append(TaggedSentence(words: sentence.words, tags: tags, place: sentence.source))
      invalidTags += reading.invalidTags
      sentencesWithInvalidTags += reading.invalidTags > 0 ? 1 : 0
    }
  }
}

/// The state between tags: the open entity, and the type of the one that ended just before.
private struct SpanReader {
  let scheme: TagScheme
  var reading = ParsedSpans()
  var open: (type: String, start: Int)?
  /// Type of the entity that covered the previous word; IOB1's B- needs it.
  var previous: String?

  init(scheme: TagScheme) { self.scheme = scheme }

  private var marksEnds: Bool { scheme == .iobes || scheme == .bilou }

  mutating func take(_ tag: String, at index: Int) {
    guard let (letter, type) = parse(tag) else {
      if tag != "O" { reading.invalidTags += 1 }
      close(at: index, early: true)
      previous = nil
      return
    }
    if !allowed(letter, type) { reading.invalidTags += 1 }
    let continues = (letter == "I" || letter == "E") && open?.type == type
    if !continues {
      close(at: index, early: true)
      open = (type, index)
    }
    if letter == "E" || letter == "S" { close(at: index + 1, early: false) }
    previous = type
  }

  /// Ends the open entity before `index`. An early end breaks a scheme that marks ends.
  mutating func close(at index: Int, early: Bool) {
    guard let entity = open else { return }
    reading.spans.append(Span(entity.type, entity.start, index))
    if early && marksEnds { reading.invalidTags += 1 }
    open = nil
  }

  /// Whether the scheme lets `letter` stand here; what an early end breaks is counted by `close`.
  private func allowed(_ letter: Character, _ type: String) -> Bool {
    switch (scheme, letter) {
    case (.iob1, "I"), (.iob2, "B"), (.iobes, "B"), (.bilou, "B"), (.iobes, "S"), (.bilou, "S"): true
    case (.iob1, "B"): previous == type
    case (.iob2, "I"), (.iobes, "I"), (.bilou, "I"), (.iobes, "E"), (.bilou, "E"): open?.type == type
    default: false
    }
  }

  /// Letter and type; L and U count as E and S. nil: O, or not a tag.
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
