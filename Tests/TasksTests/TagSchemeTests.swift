import Testing

/// Tag schemes: reading, detection and conversion to IOB2.
@testable import Datasets
@testable import Tasks

/// The same four entities in each scheme; the second follows the first directly and has the same type.
private let examples: [(TagScheme, String)] = [
  (.iob1, "I-A I-A B-A O I-B O I-A I-A I-A"),
  (.iob2, "B-A I-A B-A O B-B O B-A I-A I-A"),
  (.iobes, "B-A E-A S-A O S-B O B-A I-A E-A"),
  (.bilou, "B-A L-A U-A O U-B O B-A I-A L-A"),
]

private func tags(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

@Test(arguments: examples) func `every scheme gives the same spans`(_ scheme: TagScheme, _ text: String) {
  let parsed = scheme.spans(tags(text))
  #expect(parsed.spans == [Span("A", 0, 2), Span("A", 2, 3), Span("B", 4, 5), Span("A", 6, 9)])
  #expect(parsed.invalidTags == 0)
  #expect(TagScheme.iob2.tags(parsed.spans, count: 9) == tags(examples[1].1))
  #expect(scheme.tags(parsed.spans, count: 9) == tags(text))
  #expect(TagScheme.detect(in: [["O"], tags(text)]) == scheme)
}

@Test func `a corpus without entities, or with B- tags only, is IOB2`() {
  #expect(TagScheme.detect(in: [["O", "O"], []]) == .iob2)
  #expect(TagScheme.detect(in: [["B-A", "O", "B-B"]]) == .iob2)
}

@Test(arguments: [
  (TagScheme.iob2, "O I-A I-A", 1, [Span("A", 1, 3)]),
  (.iob2, "B-A I-B O", 1, [Span("A", 0, 1), Span("B", 1, 2)]),
  (.iob1, "O B-A I-A", 1, [Span("A", 1, 3)]),
  (.iob2, "S-A E-B", 2, [Span("A", 0, 1), Span("B", 1, 2)]),
  (.iobes, "B-A O", 1, [Span("A", 0, 1)]),
  (.iobes, "B-A I-A", 1, [Span("A", 0, 2)]),
  (.iobes, "E-A I-A E-A", 2, [Span("A", 0, 1), Span("A", 1, 3)]),
  (.iob2, "B-A X-A I- I-A", 3, [Span("A", 0, 1), Span("A", 3, 4)]),
]) func `invalid sequences are counted and read leniently`(
  _ scheme: TagScheme, _ text: String, _ invalid: Int, _ spans: [Span]
) {
  let parsed = scheme.spans(tags(text))
  #expect(parsed.spans == spans && parsed.invalidTags == invalid)
}

@Test func `random IOBES tags give seqeval's entities`() {
  var seed: UInt64 = 1
  func draw(_ n: UInt64) -> Int {
    seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((seed >> 33) % n)
  }
  for _ in 0..<2000 {
    let tags = (0..<8).map { _ in draw(3) == 0 ? "O" : ["B", "I", "E", "S"][draw(4)] + ["-A", "-B"][draw(2)] }
    let spans = Set(TagScheme.iobes.spans(tags).spans)
    #expect(spans == seqevalEntities([tags]), "\(tags)")
    #expect(Set(TagScheme.iob2.spans(TagScheme.iob2.tags(Array(spans), count: 8)).spans) == spans)
  }
}

@Test func `a corpus is converted to IOB2 and its invalid tags are counted`() {
  let corpus = IOB2Corpus([
    Record(id: "1", words: ["a", "b", "c"], tags: ["B-A", "E-A", "O"]),
    Record(id: "2", words: ["d"], tags: ["I-A"]),
    Record(id: "3", words: ["e"]),
  ])
  #expect(corpus.scheme == .iobes && corpus.invalidTags == 2 && corpus.sentencesWithInvalidTags == 1)
  #expect(corpus.sentences.map(\.tags) == [["B-A", "I-A", "O"], ["B-A"], []])
}

@Test func `overlapping, empty and out-of-range spans give valid tags`() {
  let spans = [Span("B", 1, 3), Span("A", 0, 2), Span("C", 3, 3), Span("D", 3, 9)]
  #expect(TagScheme.iob2.tags(spans, count: 4) == ["B-A", "I-A", "O", "O"])
}

@Test func `IO tags are types, and adjacent words of a type are one entity`() {
  let parsed = TagScheme.io.spans(tags("O DATE DATE B-X B O"))
  #expect(parsed == ParsedSpans(spans: [Span("DATE", 1, 3), Span("B-X", 3, 4), Span("B", 4, 5)]))
  #expect(TagScheme.io.tags(parsed.spans, count: 6) == tags("O DATE DATE B-X B O"))
}

@Test func `tags without a type are of one type, which can be named`() {
  let records = [Record(id: "1", words: ["a", "b", "c", "d"], tags: ["B", "I", "O", "B"])]
  #expect(IOB2Corpus(records).sentences[0].tags == ["B-_", "I-_", "O", "B-_"])
  #expect(IOB2Corpus(records, entityType: "Drug").sentences[0].tags == ["B-Drug", "I-Drug", "O", "B-Drug"])
  #expect(seqevalEntities([["B", "I", "O", "B"]]) == seqevalEntities([["B-_", "I-_", "O", "B-_"]]))
}
