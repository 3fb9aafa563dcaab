/// Trimming a vocabulary: which tokens are kept, and the tokenizer with only those.
import Files
import FoundationEssentials
import Testing

@testable import Tokenization

/// A small vocabulary; `ö` occurs in one token only, and is not a token itself.
private let tokens = [
  "[PAD]", "zzz", "ca", "[UNK]", "a", "b", "c", "##a", "##b", "##c", "[CLS]", "[SEP]", "ab", "##bc", "x", "##öx",
  "bca",
  "y",
]
/// ca occurs 5 times, bca 4 times, aöx once; q is unknown.
private let text = "ca ca ca ca ca bca bca bca bca aöx q"

private func base() throws -> WordPiece { try WordPiece(vocabulary: tokens, lowercase: true, stripAccents: false) }

private func counted(_ text: String, _ tokenizer: WordPiece) -> WordCounts {
  var words = WordCounts()
  words.add(text, splitBy: tokenizer)
  return words
}

private func bestTokens(_ size: Int, _ text: String = text) throws -> [String] {
  let tokenizer = try base()
  return try tokenizer.bestTokens(size, for: counted(text, tokenizer)).map { tokens[Int($0)] }
}

@Test func `special tokens, the text's characters, and tokens of characters that are not in the vocabulary are kept`()
  throws
{
  #expect(
    try bestTokens(12) == ["[PAD]", "[UNK]", "a", "b", "c", "##a", "##b", "##c", "[CLS]", "[SEP]", "x", "##öx"])
  #expect(throws: VocabularyFault.sizeTooSmall(size: 11, required: 12)) { try bestTokens(11) }
}

@Test func `of the other tokens, those that cost most to remove are kept`() throws {
  // Without ca, its 5 words are c ##a, 5 more tokens; without bca, its 4 words are b ##c ##a, 8 more.
  #expect(try bestTokens(13).filter { ["ca", "bca"].contains($0) } == ["bca"])
  #expect(try bestTokens(14).filter { ["ca", "bca"].contains($0) } == ["ca", "bca"])
  // Unused tokens are removed by descending id.
  #expect(Set(tokens).subtracting(try bestTokens(17)) == ["y"])
}

@Test func `a size that is not below the current one, or too small, is rejected`() throws {
  #expect(throws: VocabularyFault.sizeNotBelowBase(size: 18, base: 18)) { try bestTokens(18) }
  #expect(throws: VocabularyFault.sizeTooSmall(size: -3, required: 12)) { try bestTokens(-3) }
}

@Test func `known words stay known at every size, and smaller vocabularies never need fewer tokens`() throws {
  let tokenizer = try base()
  let words = counted(text, tokenizer)
  let full = tokenizer.fertility(of: words)
  #expect(full == Fertility(words: 11, tokens: 12, singleTokenWords: 9, unknownWords: 1))
  var previousTokens = Int.max
  for size in 12..<18 {
    let fertility = try tokenizer.trimmed(to: tokenizer.bestTokens(size, for: words)).fertility(of: words)
    #expect(fertility.unknownWords == 1 && fertility.words == 11)
    #expect((full.tokens...previousTokens).contains(fertility.tokens))
    previousTokens = fertility.tokens
  }
  #expect(previousTokens == full.tokens)
}

@Test func `a trimmed tokenizer maps special and added tokens to new ids, also after saving and loading`() throws {
  let json = try withFolder { folder in
    try base().save(to: folder)
    var members = try JSON(path: "\(folder)/tokenizer.json").object ?? [:]
    members["added_tokens"] = .array(
      (members["added_tokens"]?.array ?? []) + [["id": 18, "content": "<drug>", "special": false]])
    return JSON.object(members).text()
  }
  let tokenizer = try load(["tokenizer.json": json])
  let ids = try tokenizer.bestTokens(14, for: counted("ca q <drug> [MASK]", tokenizer))
  let trimmed = try tokenizer.trimmed(to: ids)
  let loaded = try withFolder { folder in
    try trimmed.save(to: folder)
    return try WordPiece(folder: folder)
  }
  for tokenizer in [trimmed, loaded] {
    #expect(tokenizer.count == 14 && tokenizer.token(13) == "<drug>")
    let encoding = tokenizer.encode("ca q <drug> [SEP] abq", addSpecialTokens: true)
    #expect(encoding.tokens == ["[CLS]", "ca", "[UNK]", "<drug>", "[SEP]", "[UNK]", "[SEP]"])
    #expect(encoding.tokens.map { $0 } == encoding.ids.map(tokenizer.token))
    #expect(tokenizer.token(tokenizer.cls) == "[CLS]" && tokenizer.token(tokenizer.pad) == "[PAD]")
    #expect(tokenizer.mask == nil)
  }
}
