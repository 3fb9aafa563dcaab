/// Tests that misspelled words are matched to the nearest candidate.
import Testing

@testable import Files

@Test(arguments: [("ephocs", "epochs"), ("learning_rat", "learning_rate"), ("warmup", "warmup_ratio")])
func `a misspelled key gives the nearest candidate, or nil if none is near`(_ word: String, _ intended: String) {
  #expect(
    nearest(to: word, among: ["epochs", "learning_rate", "batch_size"]) == (intended == "warmup_ratio" ? nil : intended)
  )
}

@Test func `a swap of adjacent characters is one edit`() { #expect(editDistance("ab", "ba") == 1) }

@Test func `an unrelated word, no candidates or an empty word give nil`() {
  #expect(nearest(to: "quantization", among: ["rank", "alpha"]) == nil)
  #expect(nearest(to: "rank", among: [String]()) == nil)
  #expect(nearest(to: "", among: ["target_modules"]) == nil)
}
