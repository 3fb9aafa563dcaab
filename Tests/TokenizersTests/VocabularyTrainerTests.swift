import Files
import FoundationEssentials
import Testing

@testable import Tokenizers

/// What the library learned from texts; Tests/Fixtures/tokenizer/make_vocabularies.py says how.
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

@Test func `a trained vocabulary is one that the library could learn, and splits other texts as the library's does`()
  throws
{
  let golden = try Golden.read()
  for one in golden.cases {
    let trainer = VocabularyTrainer(size: one.size, minFrequency: one.min_frequency, alphabet: one.alphabet)
    let tokens = try trainer.tokens(for: counted(golden.texts, lowercase: one.lowercase))
    #expect(tokens.count == one.count && Set(tokens).count == one.count)
    #expect(Set(one.always).subtracting(tokens) == [])
    #expect(Set(tokens).subtracting(one.always).subtracting(one.seldom) == [])
    let tokenizer = try WordPiece(vocabulary: tokens, lowercase: one.lowercase)
    for (text, split) in zip(golden.others, one.splits) {
      #expect(tokenizer.encode(text, specials: false).tokens == split)
    }
  }
}

@Test func `the order of the texts does not matter, nor in how many parts they come`() throws {
  let texts = try Golden.read().texts
  let trainer = VocabularyTrainer(size: 160)
  let tokens = try trainer.tokens(for: counted(texts))
  #expect(try trainer.tokens(for: counted(texts.reversed())) == tokens)
  #expect(try trainer.tokens(for: counted(texts.flatMap { $0.split(separator: " ").map(String.init) })) == tokens)
}

@Test func `special tokens come first, then characters, then those that continue a word, then pairs`() throws {
  let words = counted(["ab ab ab cab", "abc", "é"], lowercase: false)
  #expect(
    try VocabularyTrainer(size: 100, minFrequency: 1).tokens(for: words) == [
      "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "é", "##b", "##c", "##a", "ab", "ca", "abc", "cab",
    ])
  #expect(try VocabularyTrainer(size: 100, minFrequency: 2).tokens(for: words).last == "ab")
  #expect(try VocabularyTrainer(size: 13, minFrequency: 1).tokens(for: words).last == "ab")
}

@Test func `of too many characters the rarest are left out, of equals the higher`() throws {
  let words = counted(["aaa bb c d"])
  let tokens = try VocabularyTrainer(size: 100, minFrequency: 9, alphabet: 3).tokens(for: words)
  #expect(tokens.dropFirst(5) == ["a", "b", "c", "##a", "##b"])
}

@Test func `three of a kind are joined from the left, and counts stay right`() throws {
  // a ##a ##a ##a ##a, then a ##aa ##aa; both pairs of which occur twice.
  let tokens = try VocabularyTrainer(size: 100, minFrequency: 2).tokens(for: counted(["aaaaa aaaaa"]))
  #expect(tokens.dropFirst(5) == ["a", "##a", "##aa", "aaa", "aaaaa"])
}

@Test func `a size below the alphabet's and a text without words are refused in words`() throws {
  let words = counted(["abc"])
  #expect(throws: VocabularyFault.sizeTooSmall(size: 9, needed: 10)) {
    try VocabularyTrainer(size: 9).tokens(for: words)
  }
  #expect(throws: VocabularyFault.sizeTooSmall(size: -1, needed: 10)) {
    try VocabularyTrainer(size: -1).tokens(for: words)
  }
  #expect(try VocabularyTrainer(size: 10).tokens(for: words).count == 10)
  #expect(throws: VocabularyFault.noWords(files: [])) { try VocabularyTrainer(size: 100).tokens(for: WordCounts()) }
  #expect("\(VocabularyFault.sizeTooSmall(size: 9, needed: 10))".contains("at least 10"))
}

@Test func `words are told apart by scalars, however many there are, and counted with their repetitions`() {
  var words = counted(["e\u{301} é é"], lowercase: false)
  #expect(words.count == 2 && words.total == 3 && words.counts == [1, 2])
  for number in 0..<5000 { words.add("w\(number) w\(number % 10)", lowercase: true) }
  #expect(words.count == 5002 && words.total == 10_003)
  #expect(string(of: words.scalars[words.range(5001)]) == "w4999" && words.counts[2] == 501)
}
