/// Byte-level BPE compared with the `tokenizers` library.
import Files
import FoundationEssentials
import Testing

@testable import Tokenization

/// Folders, and the library's encodings with them; see Tests/Fixtures/bpe/README.md.
private struct Golden: Decodable {
  struct Pair: Decodable { var ids: [Int32] }
  var files: [String: String]
  var cases: [GoldenCase]
  var pair: Pair

  var tokenizer: ByteLevelBPE { get throws { try withFolder(files) { try ByteLevelBPE(folder: $0) } } }

  static func read() throws -> [Golden] {
    try JSONDecoder().decode([Golden].self, from: readFile("\(fixtures)/../bpe/golden.json"))
  }
}

private func ids(_ template: Template) -> ([Int32], [Int32], [Int32]) {
  (template.before.map(\.id), template.between.map(\.id), template.after.map(\.id))
}

@Test func `byte-level ids, tokens, offsets and words equal the library's`() throws {
  for golden in try Golden.read() {
    let tokenizer = try golden.tokenizer
    for example in golden.cases {
      example.check(tokenizer)
      let (bare, words) = tokenizer.words(of: example.text)
      #expect(bare == tokenizer.encode(example.text, addSpecialTokens: false))
      #expect(bare.ids == Array(example.ids.dropFirst().dropLast()))
      if let expected = example.words {
        #expect(
          words.map { [$0.token, $0.range.lowerBound, $0.range.upperBound] } == expected,
          "\(example.text.debugDescription)")
      }
    }
  }
}

@Test func `a pair of texts has the library's special tokens between them`() throws {
  for golden in try Golden.read() {
    let tokenizer = try golden.tokenizer
    let (before, between, after) = ids(tokenizer.template)
    let (first, second) = (tokenizer.ids(of: "The patient"), tokenizer.ids(of: " naïve drug"))
    #expect(before + first + between + second + after == golden.pair.ids)
  }
}

@Test func `a saved byte-level tokenizer is read back the same, also from vocab.json and merges.txt`() throws {
  for (index, golden) in try Golden.read().enumerated() {
    let tokenizer = try golden.tokenizer
    try withFolder { folder in
      try tokenizer.save(to: folder)
      let reloaded = try ByteLevelBPE(folder: folder)
      #expect(reloaded.identity == tokenizer.identity)
      for example in golden.cases {
        #expect(
          reloaded.encode(example.text, addSpecialTokens: true)
            == tokenizer.encode(example.text, addSpecialTokens: true))
      }
      guard try JSON(path: "\(folder)/tokenizer_config.json")["tokenizer_class"] == "RobertaTokenizer" else { return }
      try FileManager.default.removeItem(atPath: "\(folder)/tokenizer.json")
      let fromFiles = try ByteLevelBPE(folder: folder)
      #expect(index == 3 && fromFiles.identity == tokenizer.identity)
      for example in golden.cases {
        #expect(
          fromFiles.encode(example.text, addSpecialTokens: true)
            == tokenizer.encode(example.text, addSpecialTokens: true))
      }
    }
  }
}

@Test func `special tokens have their roles`() throws {
  let all = try Golden.read()
  let (roberta, modernBERT) = (try all[0].tokenizer, try all[4].tokenizer)
  func names(_ tokenizer: ByteLevelBPE) -> [String] { tokenizer.specialTokenIDs.map(tokenizer.token) }
  #expect(names(roberta) == ["<s>", "</s>", "<pad>", "<unk>", "<mask>"])
  #expect(names(modernBERT) == ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"])
  #expect(ids(roberta.template) == ([0], [2, 2], [2]) && roberta.template.secondTypeID == 0)
  #expect(roberta.count == 335 && roberta.mask == 334 && roberta.token(-1) == "<unk>")
  #expect(roberta.settings["normalizer"] == .null && modernBERT.settings["normalizer"] == "NFC")
}

@Test func `a word begins with a space if the tokenizer has add_prefix_space, which can be overridden`() throws {
  let all = try Golden.read()
  let (without, with) = (try all[0].tokenizer, try all[1].tokenizer)
  #expect(without.ids(ofWord: "patient") == without.ids(of: "patient"))
  #expect(with.ids(ofWord: "patient") == with.ids(of: " patient") && with.ids(ofWord: "").isEmpty)
  for (golden, expected) in [(all[0], with), (all[1], without)] {
    let overrides = TokenizerOverrides(addPrefixSpace: expected.settings["add_prefix_space"]?.bool)
    let changed = try withFolder(golden.files) { try loadTokenizer(folder: $0, overrides) }
    #expect(changed.identity == expected.identity)
    #expect(changed.ids(of: "The patient") == expected.ids(of: "The patient"))
    let saved = try withFolder { folder in
      try changed.save(to: folder, hasTokenTypes: false)
      return try loadTokenizer(folder: folder)
    }
    #expect(saved.identity == expected.identity)
  }
  // vocab.json and merges.txt, of RobertaTokenizer.
  let fromFiles = try withFolder(all[3].files) { try loadTokenizer(folder: $0, .init(addPrefixSpace: false)) }
  #expect(fromFiles.settings["add_prefix_space"] == false && fromFiles.ids(of: "patient") == without.ids(of: "patient"))
}

@Test func `threads that encode at the same time get the same ids`() async throws {
  let golden = try Golden.read()[0]
  let tokenizer = try golden.tokenizer
  let expected = golden.cases.map(\.ids)
  let texts = golden.cases.map(\.text)
  await withTaskGroup(of: [[Int32]].self) { group in
    for _ in 0..<8 { group.addTask { texts.map { tokenizer.encode($0, addSpecialTokens: true).ids } } }
    for await ids in group { #expect(ids == expected) }
  }
}

@Test func `GPT-2's pattern splits words, numbers, symbols, contractions and whitespace`() {
  let text = scalars(of: "She'll  don't''s 5-FU\n\n x½² ٣!?'S'vex \u{3000}y ")
  var matches = [String]()
  forEachGPT2Match(text, text.indices) { matches.append(string(of: text[$0])) }
  // regex 2026.11.19: findall(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", text)
  #expect(
    matches == [
      "She", "'ll", " ", " don", "'t", "''", "s", " 5", "-", "FU", "\n\n", " x", "½²", " ٣", "!?'", "S", "'ve", "x",
      " ",
      "\u{3000}", "y", " ",
    ])
}
