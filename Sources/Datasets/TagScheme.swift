/// Tag schemes, which encode entities as one tag per word, and conversion to spans. `EntityScore` does the scoring.

/// One entity: the words `start..<end` of a sentence, from 0.
package struct Span: Sendable, Hashable {
  package let type: String
  package let start: Int
  package let end: Int

  package init(_ type: String, _ start: Int, _ end: Int) {
    self.type = type
    self.start = start
    self.end = end
  }
}

/// The entities of one sentence, and how many of its tags are invalid in the scheme.
package struct ParsedSpans: Sendable, Equatable {
  package var spans: [Span] = []
  /// The index of each tag that may not stand where it does, or before which an entity must have ended; the number of
  /// tags for an entity that the last tag does not end.
  package var invalid: [Int] = []
  package var invalidTags: Int { invalid.count }
}

/// IOB1 (Ramshaw & Marcus 1995): B- only between adjacent entities of one type. IOB2: every entity starts with B-.
/// IOBES: E- ends an entity of several words, S- is a one-word entity. BILOU: IOBES with L- and U- instead.
/// IO: a tag is a type without a prefix, so that adjacent entities of one type are one entity.
package enum TagScheme: String, Sendable, CaseIterable {
  case iob1, iob2, iobes, bilou, io

  /// Whether `tag` can be a tag of this scheme, or of another with prefixes.
  func accepts(_ tag: String) -> Bool { tag == "O" || parse(tag) != nil }

  func parse(_ tag: String) -> EntityTag? {
    guard self == .io else { return EntityTag(tag) }
    return tag.isEmpty || tag == "O" ? nil : EntityTag(.inside, tag)
  }
}

extension TagScheme {
  /// The scheme in which a corpus has the fewest invalid tags; IOB2 if several are equal, as without entities.
  ///
  /// If there are E- and S-, or L- and U- tags, the more frequent pair selects IOBES or BILOU; otherwise IOB1 and IOB2
  /// are compared. IO is never detected: a column of other text would look the same.
  package static func detect(in sentences: some Sequence<[String]>) -> TagScheme {
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
  package func spans(_ tags: [String]) -> ParsedSpans {
    var reader = SpanReader(scheme: self)
    for (index, tag) in tags.enumerated() { reader.read(tag, at: index) }
    reader.close(at: tags.count, early: true)
    return reader.parsed
  }

  /// The tags of `count` words. A span that overlaps one that starts earlier is left out.
  package func tags(_ spans: [Span], count: Int) -> [String] {
    var tags = [String](repeating: "O", count: count)
    var previous = Span("", 0, 0)
    for span in spans.sorted(by: { $0.start < $1.start }) where span.start >= previous.end && span.end <= count {
      guard span.start < span.end else { continue }
      let touches = previous.end == span.start && previous.type == span.type
      for index in span.start..<span.end {
        tags[index] = prefix(isFirst: index == span.start, isLast: index == span.end - 1, touches) + span.type
      }
      previous = span
    }
    return tags
  }

  /// - Parameter touches: whether the entity begins right after another of its type.
  private func prefix(isFirst: Bool, isLast: Bool, _ touches: Bool) -> String {
    switch (self, isFirst, isLast) {
    case (.io, _, _): ""
    case (.iob1, true, _): touches ? "B-" : "I-"
    case (.iobes, true, true): "S-"
    case (.iobes, false, true): "E-"
    case (.bilou, true, true): "U-"
    case (.bilou, false, true): "L-"
    case (_, true, _): "B-"
    default: "I-"
    }
  }
}

/// A corpus converted to IOB2, with its original scheme and the number of tags that were invalid in it.
package struct IOB2Corpus: Sendable, Equatable {
  package var sentences: [Record]
  package var scheme: TagScheme
  package var invalidTags: Int
  package var sentencesWithInvalidTags: Int

  /// - Parameters:
  ///   - scheme: the original scheme; nil to detect it ("auto").
  ///   - entityType: the type of tags without one; nil: `EntityTag.unnamedType`.
  package init(_ sentences: [Record], from scheme: TagScheme? = nil, entityType: String? = nil) {
    let scheme = scheme ?? TagScheme.detect(in: sentences.lazy.map(\.tags))
    self.scheme = scheme
    self.sentences = []
    (invalidTags, sentencesWithInvalidTags) = (0, 0)
    for sentence in sentences {
      let parsed = scheme.spans(sentence.tags)
      let spans = parsed.spans.map { span in
        span.type == EntityTag.unnamedType ? Span(entityType ?? span.type, span.start, span.end) : span
      }
      var converted = sentence
      converted.tags = TagScheme.iob2.tags(spans, count: sentence.tags.count)
      self.sentences.append(converted)
      invalidTags += parsed.invalidTags
      sentencesWithInvalidTags += parsed.invalidTags > 0 ? 1 : 0
    }
  }
}
