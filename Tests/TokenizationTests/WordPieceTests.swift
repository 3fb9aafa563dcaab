/// WordPiece encoding: longest match, normalization, added tokens, and the files of a model folder.
import Files
import Testing

@testable import Tokenization

@Test func `the longest token matches, and offsets count code points of the original text`() throws {
  let tokenizer = try WordPiece(vocabulary: small, lowercase: true)
  // The variation selector at 3 is a mark and is removed like an accent.
  let encoding = tokenizer.encode("👩‍⚕️ Hepatitis-B", addSpecialTokens: true)
  #expect(encoding.tokens == ["[CLS]", "[UNK]", "hepa", "##titis", "-", "b", "[SEP]"])
  #expect(encoding.offsets == [0..<0, 0..<3, 5..<9, 9..<14, 14..<15, 15..<16, 0..<0])
}

@Test func `accents are removed when lower-casing, unless stripAccents is set`() throws {
  func tokens(_ lowercase: Bool, _ stripAccents: Bool?) throws -> [String] {
    try WordPiece(vocabulary: small, lowercase: lowercase, stripAccents: stripAccents).encode(
      "éÉ", addSpecialTokens: false
    ).tokens
  }
  #expect(try tokens(true, nil) == ["e", "##e"])
  #expect(try tokens(true, false) == ["é", "##é"])
  #expect(try tokens(false, nil) == ["[UNK]"])
  #expect(try tokens(false, true) == ["[UNK]"])
}

@Test func `ideographs are separate words only with handleChineseChars`() throws {
  for isolate in [true, false] {
    let tokenizer = try WordPiece(vocabulary: small + ["漢", "字"], lowercase: true, handleChineseChars: isolate)
    #expect(tokenizer.encode("漢字", addSpecialTokens: false).tokens == (isolate ? ["漢", "字"] : ["[UNK]"]))
  }
}

@Test func `a word may have no tokens`() throws {
  let tokenizer = try WordPiece(vocabulary: small, lowercase: true)
  for word in ["", " ", "\u{200D}", "\0\u{FEFF}"] { #expect(tokenizer.ids(ofWord: word).isEmpty) }
  #expect(tokenizer.encode("", addSpecialTokens: true).ids == [2, 3])
  #expect(tokenizer.encode("", addSpecialTokens: false) == Encoding())
}

@Test func `canonically equivalent tokens are different tokens`() throws {
  let tokenizer = try WordPiece(vocabulary: small + ["e\u{301}"], lowercase: false)
  #expect(tokenizer.encode("\u{E9} e\u{301}", addSpecialTokens: false).ids == [9, 14])
}

@Test func `an id outside of the vocabulary gives the unknown token`() throws {
  let tokenizer = try WordPiece(vocabulary: small, lowercase: true)
  #expect(tokenizer.token(5) == "hepa")
  #expect([-1, 14, .max].map { tokenizer.token($0) } == ["[UNK]", "[UNK]", "[UNK]"])
  #expect(tokenizer.count == 14)
  #expect([tokenizer.pad, tokenizer.unk, tokenizer.cls, tokenizer.sep, tokenizer.mask] == [0, 1, 2, 3, 4])
}

@Test func `vocab.txt uses the settings of tokenizer_config.json`() throws {
  let lines = small.joined(separator: "\r\n")
  #expect(try load(["vocab.txt": lines]).encode("B", addSpecialTokens: false).ids == [7])
  #expect(
    try load(["vocab.txt": lines, "tokenizer_config.json": #"{"do_lower_case": false}"#])
      .encode("B", addSpecialTokens: false).ids == [1])
  let renamed = lines.replacing("[CLS]", with: "<s>")
  let config = #"{"cls_token": {"content": "<s>"}}"#
  #expect(
    try load(["vocab.txt": renamed, "special_tokens_map.json": config]).encode("b<s>", addSpecialTokens: true).ids == [
      2, 7, 2, 3,
    ])
}

@Test func `tokenizer.json has precedence over vocab.txt, and its truncation and padding are ignored`() throws {
  let text = try tokenizerJSON {
    $0["truncation"] = ["max_length": 2, "strategy": "LongestFirst", "stride": 0, "direction": "Right"]
    $0["padding"] = ["strategy": ["Fixed": 128], "pad_id": 0]
  }
  let tokenizer = try load(["tokenizer.json": text, "vocab.txt": "nonsense"])
  #expect(tokenizer.encode("b b b", addSpecialTokens: true).ids == [2, 7, 7, 7, 3])
}

@Test func `a token added after training is matched as a whole and has the next id`() throws {
  let text = try tokenizerJSON {
    $0["added_tokens"] = .array(
      ($0["added_tokens"]?.array ?? []) + [["id": 14, "content": "<gene>", "special": false]])
  }
  let tokenizer = try load(["tokenizer.json": text])
  #expect(tokenizer.count == 15)
  #expect(tokenizer.encode("b<GENE>b", addSpecialTokens: false).ids == [7, 14, 7])
}

@Test func `a letter with 200,000 marks does not take quadratic time`() throws {
  let tokenizer = try WordPiece(vocabulary: small, lowercase: true)
  let text = "e" + String(repeating: "\u{301}\u{316}", count: 100_000)
  #expect(tokenizer.encode(text, addSpecialTokens: false).ids == [10])
}
