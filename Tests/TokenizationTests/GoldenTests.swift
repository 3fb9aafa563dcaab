/// Encodings compared with the `tokenizers` library's.
import Files
import FoundationEssentials
import Testing

@testable import Tokenization

/// The library's encodings; see Tests/Fixtures/tokenizer/README.md.
private struct Golden: Decodable {
  var tokenizer: String
  var cases: [GoldenCase]
}

private func goldens() throws -> [Golden] {
  try JSONDecoder().decode([Golden].self, from: readFile("\(fixtures)/golden.json"))
}

@Test func `ids, tokens and offsets equal the library's`() throws {
  for golden in try goldens() {
    let tokenizer = try load(["tokenizer.json": golden.tokenizer])
    golden.cases.forEach { $0.check(tokenizer) }
  }
}

@Test func `a word has the same ids as the same text`() throws {
  for golden in try goldens() {
    let tokenizer = try load(["tokenizer.json": golden.tokenizer])
    for example in golden.cases { #expect(tokenizer.ids(ofWord: example.text) == example.ids.dropFirst().dropLast()) }
  }
}

@Test func `saving and loading a tokenizer preserves it`() throws {
  for golden in try goldens() {
    let tokenizer = try load(["tokenizer.json": golden.tokenizer])
    let reloaded = try withFolder { folder in
      try tokenizer.save(to: folder)
      return try WordPiece(folder: folder)
    }
    #expect(reloaded.settings == tokenizer.settings)
    for example in golden.cases {
      #expect(
        reloaded.encode(example.text, addSpecialTokens: true) == tokenizer.encode(example.text, addSpecialTokens: true))
    }
  }
}

@Test(.enabled(if: fileExists("\(shared)/models/minilm-l6/vocab.txt")))
func `a real vocab.txt gives the same encodings as its tokenizer.json`() throws {
  let folder = "\(shared)/models/minilm-l6"
  let tokenizer = try WordPiece(folder: folder)
  let fromVocabulary = try load(["vocab.txt": try readText("\(folder)/vocab.txt")])
  #expect(tokenizer.count == 30522)
  // tokenizers 0.23.3: Tokenizer.from_file("tokenizer.json").encode("Naïve hepatocytes [MASK]β.").ids
  let ids: [Int32] = [101, 15743, 2002, 4502, 3406, 27321, 103, 1156, 1012, 102]
  #expect(tokenizer.encode("Naïve hepatocytes [MASK]β.", addSpecialTokens: true).ids == ids)
  for example in try goldens().flatMap(\.cases) {
    #expect(
      fromVocabulary.encode(example.text, addSpecialTokens: true)
        == tokenizer.encode(example.text, addSpecialTokens: true))
  }
}
