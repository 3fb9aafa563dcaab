/// Tokens added to a tokenizer, compared with transformers' `add_tokens`: `Tests/Fixtures/trainable-tokens`.
import Files
import FoundationEssentials
import Testing

@testable import Tokenization

private let root = fixtures.replacing("/Fixtures/tokenizer", with: "/Fixtures/")

/// Calls `body` with the folder of a tokenizer of tokens.json.
private func withTokenizer(_ name: String, _ body: (String) throws -> Void) throws {
  guard let index = ["bpe": 3, "bpe-generic": 4][name] else { return try body(root + "tiny-bert-sequence") }
  let files = try JSON(path: root + "bpe/golden.json").array?[index]["files"]?.object ?? [:]
  try withFolder(files.compactMapValues(\.string), body)
}

@Suite struct NewTokensTests {
  @Test(arguments: ["wordpiece", "bpe", "bpe-generic"])
  func `added tokens are found as by transformers, also after saving`(_ name: String) throws {
    let golden = try JSON(path: root + "trainable-tokens/tokens.json")
    let expected = try #require(golden[name]), names = golden["tokens"]?.array?.compactMap(\.string) ?? []
    try withTokenizer(name) { folder in
      let plain = try loadTokenizer(folder: folder)
      #expect(plain.count == expected["before"]?.int)
      let (tokenizer, tokens) = try plain.adding(names)
      #expect(tokens.map { Int($0.id) } == expected["ids"]?.array?.compactMap(\.int))
      for (token, name) in zip(tokens, names) {
        #expect(token.subwords == (token.id < plain.count ? [] : plain.ids(of: name)))
      }
      try withFolder { saved in
        try tokenizer.save(to: saved, hasTokenTypes: true)
        let again = try loadTokenizer(folder: saved)
        #expect(again.identity == tokenizer.identity && again.count == tokenizer.count)
        #expect(tokenizer.identity != plain.identity)
        for (text, ids) in expected["texts"]?.object ?? [:] {
          let ids = ids.array?.compactMap { $0.int.map(Int32.init) }
          #expect(tokenizer.ids(of: text) == ids && again.ids(of: text) == ids, "\(text)")
        }
      }
    }
  }

  @Test func `a special token stays as it is, and tokens that differ in case only are an error`() throws {
    let plain = try loadTokenizer(folder: root + "tiny-bert-sequence")
    let (tokenizer, tokens) = try plain.adding(["[MASK]"])
    #expect(tokens[0].id == plain.mask && tokenizer.identity == plain.identity)
    #expect(try plain.adding([]).tokenizer.identity == plain.identity)
    #expect(throws: TokenizerFault.self) { try plain.adding(["@GENE$", "@gene$"]) }
  }

  @Test func `an adapter's own tokenizer comes before its base's`() throws {
    let base = root + "tiny-bert-sequence"
    try withFolder { adapter in
      #expect(try !loadTokenizer(adapter: adapter, base: base).isOwn)
      #expect(try !loadTokenizer(adapter: nil, base: base).isOwn)
      try loadTokenizer(folder: base).adding(["@GENE$"]).tokenizer.save(to: adapter, hasTokenTypes: true)
      let (tokenizer, isOwn) = try loadTokenizer(adapter: adapter, base: base)
      #expect(isOwn && tokenizer.count == 61 && tokenizer.ids(of: "@gene$") == [60])
    }
  }
}
