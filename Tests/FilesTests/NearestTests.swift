import Testing

@testable import Files

@Test(arguments: [("ephocs", "epochs"), ("learning_rat", "learning_rate"), ("warmup", "warmup_ratio")])
func `a misspelt key finds its neighbour`(_ word: String, _ meant: String) {
  #expect(
    nearest(to: word, among: ["epochs", "learning_rate", "batch_size"]) == (meant == "warmup_ratio" ? nil : meant))
}

@Test func `a swap of neighbours is one edit`() { #expect(editDistance("ab", "ba") == 1) }

@Test func `nothing is near a word of another kind, among no words, or to no word`() {
  #expect(nearest(to: "quantisation", among: ["rank", "alpha"]) == nil)
  #expect(nearest(to: "rank", among: [String]()) == nil)
  #expect(nearest(to: "", among: ["target_modules"]) == nil)
}
