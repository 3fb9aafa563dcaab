import Files
import FoundationEssentials
import Testing

@testable import Tokenizers

/// Pieces of few letters; `ö` stands in one piece only, and never alone.
private let tokens = [
  "[PAD]", "zzz", "ca", "[UNK]", "a", "b", "c", "##a", "##b", "##c", "[CLS]", "[SEP]", "ab", "##bc", "x", "##öx",
  "bca",
  "y",
]
/// Of these words ca occurs 5 times, bca 4 times, aöx once; q is unknown.
private let text = "ca ca ca ca ca bca bca bca bca aöx q"

private func base() throws -> WordPiece { try WordPiece(vocabulary: tokens, lowercase: true, stripAccents: false) }

private func counted(_ text: String, _ tokenizer: WordPiece) -> WordCounts {
  var words = WordCounts()
  words.add(text, splitAs: tokenizer)
  return words
}

private func kept(_ size: Int, _ text: String = text) throws -> [String] {
  let tokenizer = try base()
  return try tokenizer.bestTokens(size, for: counted(text, tokenizer)).map { tokens[Int($0)] }
}

@Test func `what spells the text stays: special tokens, its characters, and pieces with characters that have none`()
  throws
{
  #expect(
    try kept(12) == ["[PAD]", "[UNK]", "a", "b", "c", "##a", "##b", "##c", "[CLS]", "[SEP]", "x", "##öx"])
  #expect(throws: VocabularyFault.sizeTooSmall(size: 11, needed: 12)) { try kept(11) }
}

@Test func `of the others the pieces stay whose loss would cost most`() throws {
  // Without ca its 5 words are c ##a, 5 pieces more; without bca its 4 are b ##c ##a, 8 more.
  #expect(try kept(13).filter { ["ca", "bca"].contains($0) } == ["bca"])
  #expect(try kept(14).filter { ["ca", "bca"].contains($0) } == ["ca", "bca"])
  // What is not used goes by its id, higher first.
  #expect(Set(tokens).subtracting(try kept(17)) == ["y"])
}

@Test func `a size that is no trimming is refused`() throws {
  #expect(throws: VocabularyFault.sizeNotBelowBase(size: 18, base: 18)) { try kept(18) }
  #expect(throws: VocabularyFault.sizeTooSmall(size: -3, needed: 12)) { try kept(-3) }
}

@Test func `every word that was known stays so at every size, in no fewer pieces`() throws {
  let tokenizer = try base()
  let words = counted(text, tokenizer)
  let whole = tokenizer.fertility(of: words)
  #expect(whole == Fertility(words: 11, pieces: 12, singleTokenWords: 9, unknown: 1))
  var last = Int.max
  for size in 12..<18 {
    let spelling = try tokenizer.keeping(tokenizer.bestTokens(size, for: words)).fertility(of: words)
    #expect(spelling.unknown == 1 && spelling.words == 11 && (whole.pieces...last).contains(spelling.pieces))
    last = spelling.pieces
  }
  #expect(last == whole.pieces)
}

@Test func `a trimmed tokenizer has its special and added tokens under new ids, saved and loaded again`() throws {
  let json = try withFolder { folder in
    try base().save(to: folder)
    var members = try JSON(path: "\(folder)/tokenizer.json").object ?? [:]
    members["added_tokens"] = .array(
      (members["added_tokens"]?.array ?? []) + [["id": 18, "content": "<drug>", "special": false]])
    return JSON.object(members).text()
  }
  let tokenizer = try load(["tokenizer.json": json])
  let ids = try tokenizer.bestTokens(14, for: counted("ca q <drug> [MASK]", tokenizer))
  let trimmed = try tokenizer.keeping(ids)
  let loaded = try withFolder { folder in
    try trimmed.save(to: folder)
    return try WordPiece(folder: folder)
  }
  for one in [trimmed, loaded] {
    #expect(one.count == 14 && one.token(13) == "<drug>")
    let encoding = one.encode("ca q <drug> [SEP] abq", specials: true)
    #expect(encoding.tokens == ["[CLS]", "ca", "[UNK]", "<drug>", "[SEP]", "[UNK]", "[SEP]"])
    #expect(encoding.tokens.map { $0 } == encoding.ids.map(one.token))
    #expect(one.token(one.cls) == "[CLS]" && one.token(one.pad) == "[PAD]" && one.mask == nil)
  }
}
