/// The table of known base models and docs/bases.md.
import Files
import ModelHub
import TestSupport
import Testing

@Test func `docs/bases.md has the table of the program`() throws {
  let text = try readText(fixture("../../docs/bases.md"))
  let marks = ("<!-- bases -->\n\n", "\n<!-- /bases -->")
  let start = try #require(text.firstRange(of: marks.0)), end = try #require(text.firstRange(of: marks.1))
  #expect(text[start.upperBound..<end.lowerBound] == KnownBase.markdown)
  #expect(text.contains(KnownBase.date))
}

@Test func `names are names on the Hub, each once, and no field is empty`() {
  #expect(Set(KnownBase.all.map(\.name)).count == KnownBase.all.count)
  for base in KnownBase.all {
    #expect(HubName(base.name) != nil, "\(base.name)")
    #expect(base.facts.allSatisfy { !$0.value.isEmpty }, "\(base.name)")
    #expect(
      ["BERT", "DistilBERT", "ELECTRA", "RoBERTa", "ModernBERT"].contains(base.family) == base.opens, "\(base.name)")
  }
}
