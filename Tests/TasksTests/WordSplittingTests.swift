/// Splitting texts into the words that a token classifier labels.
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

@Suite struct WordSplittingTests {
  private let tokenizer: TextTokenizer

  init() throws {
    let vocabulary = [
      "[PAD]", "[UNK]", "[CLS]", "[SEP]", "5", "fu", "il", "2", "given", "(", ")", "-", ".", "%", "##s",
    ]
    let wordPiece = try WordPiece(vocabulary: vocabulary, lowercase: true)
    let config = try ModelConfig(json: ["model_type": "bert", "vocab_size": 15], file: "test")
    tokenizer = try TextTokenizer(wordPiece, config, maxLength: 32)
  }

  private func split(_ text: String, _ rule: WordSplitting) -> [String] {
    let scalars = Array(text.unicodeScalars)
    return rule.words(of: text, tokenizer).ranges.map { range in
      scalars[range].reduce(into: "") { $0.unicodeScalars.append($1) }
    }
  }

  private func sentence(_ words: String...) -> Record { Record(id: "1", words: words) }

  @Test(arguments: [
    (WordSplitting.punctuation, "( 5 - FU ) . given 5 %"), (.outerPunctuation, "( 5-FU ) . given 5 %"),
    (.whitespace, "(5-FU). given 5%"),
  ])
  func `each rule splits where it says`(_ rule: WordSplitting, _ words: String) {
    #expect(split("(5-FU).\u{A0} given\t5%", rule) == words.split(separator: " ").map(String.init))
    #expect(split(" \n", rule) == [])
    #expect(split("", rule) == [])
  }

  @Test func `offsets are code points of the text, and tokens those of the words`() {
    let (tokens, ranges) = WordSplitting.outerPunctuation.words(of: "é́ (IL-2)", tokenizer)
    #expect(ranges == [0..<2, 3..<4, 4..<8, 8..<9])
    #expect(tokens.ids == tokenizer.tokenize(["é́", "(", "IL-2", ")"]).ids)
  }

  @Test func `the rule is the first that keeps every word of the data`() {
    #expect(WordSplitting.fitting([sentence("given", ".")], tokenizer) == .punctuation)
    #expect(WordSplitting.fitting([sentence("5-FU", "given", ".")], tokenizer) == .outerPunctuation)
    #expect(WordSplitting.fitting([sentence("5-FU", "given", ".", "(2)")], tokenizer) == .whitespace)
    #expect(WordSplitting.fitting([sentence("5 FU")], tokenizer) == nil)
    #expect(WordSplitting.fitting([], tokenizer) == .punctuation)
  }

  @Test func `joined words are read as the words were`() throws {
    let task = try TokenClassification(labels: ["O", "B-D"], splitWords: .whitespace)
    let words = sentence("5-FU", "(given)", "\u{200B}", "2.")
    let text = Record(id: "1", texts: [words.words.joined(separator: " ")])
    let features = [words, text].map { task.encode($0, tokenizer).features }
    #expect(features[0] == features[1] && features[0].count == 1)
  }
}
