/// Vocabulary training compared with the `tokenizers` library's.
import Files
import FoundationEssentials
import Testing

@testable import Tokenization

/// Vocabularies trained by the library; made by Tests/Fixtures/tokenizer/make_vocabularies.py.
private struct Golden: Decodable {
  struct Case: Decodable {
    var size, count, min_frequency, alphabet: Int
    var lowercase: Bool
    var always, seldom: [String]
    var splits: [[String]]
  }
  var texts, others: [String]
  var cases: [Case]

  static func read() throws -> Golden {
    try JSONDecoder().decode(Golden.self, from: readFile("\(fixtures)/vocabularies.json"))
  }
}

private func counted(_ texts: [String], lowercase: Bool = true) -> WordCounts {
  var words = WordCounts()
  for text in texts { words.add(text, lowercase: lowercase) }
  return words
}

@Test func `a trained vocabulary is one that the library can produce, and tokenizes other texts like the library's`()
  throws
{
  let golden = try Golden.read()
  for example in golden.cases {
    let trainer = VocabularyTrainer(
      size: example.size, minFrequency: example.min_frequency, limitAlphabet: example.alphabet)
    let tokens = try trainer.tokens(for: counted(golden.texts, lowercase: example.lowercase))
    #expect(tokens.count == example.count && Set(tokens).count == example.count)
    #expect(Set(example.always).subtracting(tokens) == [])
    #expect(Set(tokens).subtracting(example.always).subtracting(example.seldom) == [])
    let tokenizer = try WordPiece(vocabulary: tokens, lowercase: example.lowercase)
    for (text, split) in zip(golden.others, example.splits) {
      #expect(tokenizer.encode(text, addSpecialTokens: false).tokens == split)
    }
  }
}

@Test func `the order of the texts and their division into parts do not matter`() throws {
  let texts = try Golden.read().texts
  let trainer = VocabularyTrainer(size: 160)
  let tokens = try trainer.tokens(for: counted(texts))
  #expect(try trainer.tokens(for: counted(texts.reversed())) == tokens)
  #expect(try trainer.tokens(for: counted(texts.flatMap { $0.split(separator: " ").map(String.init) })) == tokens)
}

@Test func `special tokens come first, then characters, then continuing characters, then merges`() throws {
  let words = counted(["ab ab ab cab", "abc", "é"], lowercase: false)
  #expect(
    try VocabularyTrainer(size: 100, minFrequency: 1).tokens(for: words) == [
      "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "é", "##b", "##c", "##a", "ab", "ca", "abc", "cab",
    ])
  #expect(try VocabularyTrainer(size: 100, minFrequency: 2).tokens(for: words).last == "ab")
  #expect(try VocabularyTrainer(size: 13, minFrequency: 1).tokens(for: words).last == "ab")
}

@Test func `the alphabet keeps the most frequent characters, and of equally frequent ones the lower code points`()
  throws
{
  let words = counted(["aaa bb c d"])
  let tokens = try VocabularyTrainer(size: 100, minFrequency: 9, limitAlphabet: 3).tokens(for: words)
  #expect(tokens.dropFirst(5) == ["a", "b", "c", "##a", "##b"])
}

@Test func `repeated characters are merged from the left, and counts stay correct`() throws {
  // a ##a ##a ##a ##a, then a ##aa ##aa, whose two pairs occur twice each.
  let tokens = try VocabularyTrainer(size: 100, minFrequency: 2).tokens(for: counted(["aaaaa aaaaa"]))
  #expect(tokens.dropFirst(5) == ["a", "##a", "##aa", "aaa", "aaaaa"])
}

@Test func `a size below the alphabet's and a text without words are rejected`() throws {
  let words = counted(["abc"])
  #expect(throws: VocabularyFault.sizeTooSmall(size: 9, required: 10)) {
    try VocabularyTrainer(size: 9).tokens(for: words)
  }
  #expect(throws: VocabularyFault.sizeTooSmall(size: -1, required: 10)) {
    try VocabularyTrainer(size: -1).tokens(for: words)
  }
  #expect(try VocabularyTrainer(size: 10).tokens(for: words).count == 10)
  #expect(throws: VocabularyFault.noWords(files: [])) { try VocabularyTrainer(size: 100).tokens(for: WordCounts()) }
  #expect("\(VocabularyFault.sizeTooSmall(size: 9, required: 10))".contains("at least 10"))
}

@Test func `words are compared by scalars, in any number, and counted with repetitions`() {
  var words = counted(["e\u{301} é é"], lowercase: false)
  #expect(words.count == 2 && words.total == 3 && words.counts == [1, 2])
  for number in 0..<5000 { words.add("w\(number) w\(number % 10)", lowercase: true) }
  #expect(words.count == 5002 && words.total == 10_003)
  #expect(string(of: words.scalars[words.range(5001)]) == "w4999" && words.counts[2] == 501)
}
