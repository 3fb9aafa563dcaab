/// The names of other tools for keys and values.
import Testing

@testable import Recipes

@Test func `every hint names a key or a value that exists, and no hint is a key itself`() throws {
  let keys = Recipe.keys, paths = Set(keys.map(\.path))
  for (word, setting) in keyHints {
    #expect(paths.contains(String(setting.split(separator: "=")[0])), "\(word)")
    #expect(!paths.contains(word), "\(word)")
  }
  for (word, names) in valueHints {
    for name in names {
      let accepting = keys.filter { $0.expected.contains("\"\(name)\"") }
      #expect(!accepting.isEmpty, "\(word): \(name)")
    }
  }
}

@Test(arguments: [
  ("fp16", ["fp32", "bf16"], "bf16"), ("float16", ["fp32", "fp16", "bf16"], "fp16"), ("NER", ["conll"], "conll"),
  ("liner", ["linear", "cosine"], "linear"), ("xyz", ["linear", "cosine"], nil),
])
func `a name is looked up in other tools' words, then by spelling`(
  _ word: String, _ names: [String], _ expected: String?
) {
  #expect(likelyName(for: word, among: names) == expected)
}
