import Files
import FoundationEssentials
import Testing

@testable import Tokenizers

/// What the library made of a text; Tests/Fixtures/tokenizer/README.md says how.
private struct Golden: Decodable {
  struct Case: Decodable {
    var text: String
    var ids: [Int32]
    var tokens: [String]
    var offsets: [[Int]]
  }
  var tokenizer: String
  var cases: [Case]
}

private func goldens() throws -> [Golden] {
  try JSONDecoder().decode([Golden].self, from: readFile("\(fixtures)/golden.json"))
}

/// Strings that Swift holds to be equal may differ in scalars.
private func scalars(_ tokens: [String]) -> [[Unicode.Scalar]] { tokens.map { Array($0.unicodeScalars) } }

@Test func `ids, tokens and offsets are those of the library`() throws {
  for golden in try goldens() {
    let tokenizer = try load(["tokenizer.json": golden.tokenizer])
    for one in golden.cases {
      let encoding = tokenizer.encode(one.text, specials: true)
      #expect(encoding.ids == one.ids, "\(one.text.debugDescription)")
      #expect(scalars(encoding.tokens) == scalars(one.tokens), "\(one.text.debugDescription)")
      #expect(encoding.offsets.map { [$0.lowerBound, $0.upperBound] } == one.offsets, "\(one.text.debugDescription)")
    }
  }
}

@Test func `a word has the pieces that it has as a text`() throws {
  for golden in try goldens() {
    let tokenizer = try load(["tokenizer.json": golden.tokenizer])
    for one in golden.cases { #expect(tokenizer.pieces(ofWord: one.text) == one.ids.dropFirst().dropLast()) }
  }
}

@Test func `a saved tokenizer is the one that was loaded`() throws {
  for golden in try goldens() {
    let tokenizer = try load(["tokenizer.json": golden.tokenizer])
    let again = try withFolder { folder in
      try tokenizer.save(to: folder)
      return try WordPiece(folder: folder)
    }
    #expect(again.settings == tokenizer.settings)
    for one in golden.cases {
      #expect(again.encode(one.text, specials: true) == tokenizer.encode(one.text, specials: true))
    }
  }
}

@Test(.enabled(if: fileExists("\(shared)/models/minilm-l6/vocab.txt")))
func `a real vocabulary alone is worth its tokenizer.json`() throws {
  let folder = "\(shared)/models/minilm-l6"
  let whole = try WordPiece(folder: folder)
  let bare = try load(["vocab.txt": try readText("\(folder)/vocab.txt")])
  #expect(whole.count == 30522)
  // tokenizers 0.23.3: Tokenizer.from_file("tokenizer.json").encode("Naïve hepatocytes [MASK]β.").ids
  let ids: [Int32] = [101, 15743, 2002, 4502, 3406, 27321, 103, 1156, 1012, 102]
  #expect(whole.encode("Naïve hepatocytes [MASK]β.", specials: true).ids == ids)
  for one in try goldens().flatMap(\.cases) {
    #expect(bare.encode(one.text, specials: true) == whole.encode(one.text, specials: true))
  }
}
