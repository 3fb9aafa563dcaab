/// The quick-start corpus: reproducible bytes, disjoint splits, valid tags.
import Hashing
import Testing

@testable import quickstart_corpus

private let corpus = Corpus(seed: 7)
private let splits = [corpus.train, corpus.dev, corpus.test]

/// FNV-1a (64 bits) over the text of all three files.
private func hash(_ corpus: Corpus) -> UInt64 {
  fnv1a([corpus.train, corpus.dev, corpus.test].map(conll).joined())
}

/// Lower-case texts of all entities of the given types, including abbreviations.
private func names(_ sentences: [TaggedWords], _ types: Set<String> = ["Drug", "Disease", "AdverseEvent"]) -> Set<
  String
> {
  var found: Set<String> = []
  for sentence in sentences {
    var open: [String] = []
    for (word, tag) in zip(sentence.words + [""], sentence.tags + ["O"]) {
      if !tag.hasPrefix("I-"), !open.isEmpty {
        found.insert(open.joined(separator: " ").lowercased())
        open = []
      }
      if tag != "O", types.contains(String(tag.dropFirst(2))) { open.append(word) }
    }
  }
  return found
}

@Test func `the same seed gives the same bytes, another seed gives different ones`() {
  #expect(hash(corpus) == hash(Corpus(seed: 7)))
  #expect(hash(corpus) != hash(Corpus(seed: 8)))
}

@Test func `the bytes of seed 7 have the recorded hash`() {
  // FNV-1a of train.tsv, dev.tsv and test.tsv in this order. If frames or words change, the published measurements on
  // this corpus are no longer valid.
  #expect(hash(corpus) == 11_345_309_916_041_630_775)
}

@Test func `the splits have the expected sizes and no duplicate sentences`() {
  #expect(splits.map(\.count) == [2400, 400, 600])
  #expect(Set(splits.joined().map { $0.words.joined(separator: " ") }).count == 3400)
}

@Test func `the splits share no names`() {
  let found = splits.map { names($0) }
  #expect(found.allSatisfy { $0.count > 300 })
  #expect(found[0].isDisjoint(with: found[1]) && found[0].isDisjoint(with: found[2]))
  #expect(found[1].isDisjoint(with: found[2]))
}

@Test func `most diseases have several words, and many conditions occur in both roles`() {
  let diseases = names(corpus.train, ["Disease"]), events = names(corpus.train, ["AdverseEvent"])
  #expect(diseases.count { $0.contains(" ") } > diseases.count / 2)
  #expect(diseases.intersection(events).count > 50)
}

@Test func `a quarter of the frames are held out for the test split`() {
  #expect(Frames.all.count > 150 && Set(Frames.all).count == Frames.all.count)
  #expect(corpus.heldOut.count == Frames.all.count / 4)
}

@Test func `tags are valid IOB2 of four types`() {
  var types: Set<String> = []
  for sentence in splits.joined() {
    #expect(sentence.words.count == sentence.tags.count && !sentence.words.isEmpty)
    var previous = "O"
    for tag in sentence.tags {
      if tag.hasPrefix("I-") { #expect(previous.dropFirst(2) == tag.dropFirst(2)) }
      if tag != "O" { types.insert(String(tag.dropFirst(2))) }
      previous = tag
    }
  }
  #expect(types == ["Drug", "Disease", "AdverseEvent", "Dose"])
}

@Test(arguments: Frames.all) func `every slot of every frame is filled`(_ frame: String) {
  var maker = SentenceMaker(seed: 1, names: corpus.pools[0])
  for _ in 0..<8 {
    let words = maker.sentence(from: frame).words
    #expect(!words.contains { "{}|".contains($0) }, "\(words.joined(separator: " "))")
    #expect(frame.hasSuffix(" ."))
  }
}

@Test func `words are split at every character that is not a letter or digit`() {
  #expect(tokens("X-linked (0.5 mg/kg)") == ["X", "-", "linked", "(", "0", ".", "5", "mg", "/", "kg", ")"])
}
