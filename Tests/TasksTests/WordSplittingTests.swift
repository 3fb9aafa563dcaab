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

  @Test(arguments: [
    ("(aspirin's).", "( aspirin 's ) ."), ("don't, CAN\u{2019}T", "do n't , CA N\u{2019}T"), ("'s n't", "'s n't"),
    ("shouldn't've", "should n't 've"), ("'aspirin'", "' aspirin '"), ("A-'s", "A - 's"), ("its 5-FU", "its 5-FU"),
    ("...", ". . ."),
  ])
  func `clitics are words of their own`(_ text: String, _ words: String) {
    #expect(split(text, .contractions) == words.split(separator: " ").map(String.init))
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
    #expect(WordSplitting.fitting([sentence("5-FU", "'s", ".")], tokenizer) == .contractions)
    #expect(WordSplitting.fitting([sentence("do", "n't")], tokenizer) == .contractions)
    #expect(WordSplitting.fitting([sentence("don't"), sentence("do", "n't")], tokenizer) == .outerPunctuation)
    #expect(WordSplitting.fitting([sentence("don't"), sentence("it", "'s")], tokenizer) == .whitespace)
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
  @Test func `a sentence with clitics is read as in training, also where its words are joined as text is written`()
    throws
  {
    let task = try TokenClassification(labels: ["O", "B-D"], splitWords: .contractions)
    let words = Record(id: "1", words: ["5-FU", "'s", "(", "2", ")", "do", "n't", "."])
    for text in ["5-FU 's ( 2 ) do n't .", "5-FU's (2) don't."] {
      let features = [words, Record(id: "1", texts: [text])].map { task.encode($0, tokenizer).features }
      #expect(features[0] == features[1])
    }
  }

  @Test func `the note on the rule names the word that it was chosen for`() throws {
    func notes(_ words: [String]) throws -> [String] {
      try withTemporaryFolder { folder in
        try writeFile(words.map { $0 + "\tB-D\n" }.joined(), to: folder + "/train.tsv")
        let data = TaskData(files: [(.train, [folder + "/train.tsv"])], format: CoNLLFormat())
        let context = TaskContext(
          data: data, tokenizer: tokenizer, baseLabels: [], teacherLabels: nil, seed: 1, threads: 1)
        let notes = try TokenClassificationSettings().setUp(context).notes
        return notes.filter { $0.contains("words") }.map { $0.replacing(folder + "/", with: "") }
      }
    }
    #expect(try notes(["given", "."]) == [])
    let outer = try notes(["given", "5-FU"]), clitics = try notes(["given", "'s"])
    #expect(
      outer.count == 1 && outer[0].contains("because the training data have the word '5-FU' (train.tsv:2): 'aspirin-i"))
    #expect(
      clitics.count == 1 && clitics[0].contains("clitics such as 's and n't, because")
        && clitics[0].contains("\"'s\" (train"))
    let whitespace = try notes(["given", "2.", "'s"])
    #expect(
      whitespace == [
        "'tune predict' splits texts into words at whitespace only, because the training data have the word '2.' (train.tsv:2): "
          + "'aspirin.' will be one word, with its full stop (task.split_words sets another rule)"
      ])
  }
}
