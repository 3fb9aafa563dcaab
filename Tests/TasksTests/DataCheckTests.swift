/// The check of a run's data: every number by hand.
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

/// The check of files with these texts. The vocabulary has the letters; a word of two is unknown.
private func check(
  _ files: [(Split, String)], _ format: any DataFormat, _ settings: any TaskSettings, showText: Bool = false
) throws -> DataCheck {
  try withTemporaryFolder { folder in
    let files = try files.map { split, text in
      try writeFile(text, to: "\(folder)/\(split.rawValue)")
      return (split: split, paths: ["\(folder)/\(split.rawValue)"])
    }
    let data = TaskData(files: files, format: format)
    let config = try ModelConfig(folder: fixture("tiny-bert"))
    let tokenizer = try TextTokenizer(WordPiece(folder: fixture("tiny-bert")), config, maxLength: 16)
    let context = TaskContext(data: data, tokenizer: tokenizer, baseLabels: [], teacherLabels: nil, seed: 1, threads: 1)
    return try DataCheck(settings.setUp(context), data, tokenizer, showText: showText)
  }
}

private func places(_ found: FoundExamples) -> [[String]] {
  found.examples.map { [$0.place, $0.other].compactMap { $0.map(lastPathComponent) } }
}

private func jsonl(_ rows: [JSON]) -> String { rows.map { $0.text(pretty: false) + "\n" }.joined() }

private func close(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-12 }

struct DataCheckTests {
  @Test func `tags, entities, repetitions, lengths and weights of tagged words`() throws {
    var format = CoNLLFormat()
    format.scheme = .iob2
    let train = "a\tO\nb\tI-X\n\nc\tB-X\nd\tI-Y\n\na\tO\nb\tI-X\n"
    let dev = "a\tO\nb\tO\n\nab\tB-X\nab\tO\nz\tO\n"
    let found = try check([(.train, train), (.dev, dev)], format, TokenClassificationSettings())
    #expect(found.noun == "sentences" && found.splits.map(\.count) == [3, 2])
    #expect(found.splits.map(\.labels) == [["X": 3, "Y": 1], ["X": 1]])
    let tags = try #require(found.splits[0].illegalTags)
    #expect(tags.transitions == ["O → I-X": 2, "B-X → I-Y": 1] && tags.found.count == 3)
    #expect(places(tags.found) == [["train:2"], ["train:5"], ["train:8"]])
    #expect(found.splits[1].illegalTags?.found.count == 0)
    #expect(places(found.splits[0].repeated) == [["train:7", "train:1"]])
    #expect(found.splits[0].conflicting.count == 0)
    #expect(found.shared.map(\.found.count) == [1] && places(found.shared[0].found) == [["dev:1", "train:1"]])
    // O 2, B-X 3, B-Y 1 of 6 words.
    #expect(found.weights == SuggestedWeights(balancing: ["O": 2, "B-X": 3, "B-Y": 1]))
    #expect(found.weights?.values == ["O": 1, "B-X": 6.0 / 9, "B-Y": 2])
    let split = found.splits[1]
    #expect(split.words == 5 && split.tokens == 5 && split.unknownTokens == 2 && split.unknownFraction == 0.4)
    #expect(split.lengths == Distribution([3, 2]) && split.lengths.median == 2 && split.lengths.percentile95 == 3)
    #expect(split.lengths.mean == 2.5 && split.sequences == 2 && split.cut == 0)
    let drift = try #require(split.drift)
    #expect(drift.statistic == "total_variation" && close(drift.value, 0.25))
    #expect(close(drift.expected, (0.4 / Double.pi).squareRoot()) && !drift.isLarge)
    #expect(found.problems.count == 2 && found.notes.count == 2)
  }

  @Test func `examples that repeat a text with another label, have no token, or are too long`() throws {
    let long = (0..<20).map { _ in "a" }.joined(separator: " ")
    let rows = [("a", "yes"), ("b", "no"), ("a", "no"), ("\u{1}", "no"), ("b", "no"), (long, "no")]
    let train = jsonl(rows.map { ["text": .string($0.0), "label": .string($0.1)] })
    let found = try check([(.train, train)], TableDataFormat(.jsonl), SequenceClassificationSettings())
    let split = found.splits[0]
    #expect(places(split.repeated) == [["train:3", "train:1"], ["train:5", "train:2"]])
    #expect(places(split.conflicting) == [["train:3", "train:1"]] && places(split.empty) == [["train:4"]])
    #expect(split.cut == 1 && split.sequences == 6 && split.lengths.maximum == 20 && split.lengths.minimum == 0)
    #expect(found.weights?.key == "task.class_weights" && found.weights?.values == ["yes": 3, "no": 0.6])
    #expect(split.drift == nil && found.problems.count == 2)
  }

  @Test func `a text is shown only where it is asked for`() throws {
    let train = jsonl([["text": "b c", "label": "x"], ["text": "b c", "label": "y"]])
    for showText in [false, true] {
      let found = try check(
        [(.train, train)], TableDataFormat(.jsonl), SequenceClassificationSettings(), showText: showText)
      #expect(found.json.text().contains("b c") == showText)
      #expect(!(found.problems + found.notes).joined().contains("b c"))
    }
  }

  @Test func `texts in windows are counted, and nothing is cut`() throws {
    var settings = SequenceClassificationSettings()
    settings.longText = .mean
    let long = (0..<20).map { _ in "a" }.joined(separator: " ")
    let train = jsonl([["text": .string(long), "label": "x"], ["text": "a", "label": "y"]])
    let split = try check([(.train, train)], TableDataFormat(.jsonl), settings).splits[0]
    #expect(split.sequences == 3 && split.cut == 0)
  }

  @Test func `sets of labels have weights of positives`() throws {
    var format = TableDataFormat(.jsonl)
    format.labelKind = .set
    let rows: [JSON] = [
      ["text": "a", "label": ["x", "y", "z"]], ["text": "b", "label": ["y", "z"]], ["text": "c", "label": ["z"]],
      ["text": "d", "label": ["z"]],
    ]
    let found = try check([(.train, jsonl(rows))], format, MultiLabelClassificationSettings())
    #expect(found.splits[0].labels == ["x": 1, "y": 2, "z": 4])
    #expect(found.weights?.key == "task.pos_weight" && found.weights?.values == ["x": 3, "y": 1])
  }

  @Test func `numbers have a distribution, and drift by Kolmogorov and Smirnov`() throws {
    var format = TableDataFormat(.jsonl)
    format.labelKind = .number
    func rows(_ values: [Double], _ text: String) -> String {
      jsonl(values.map { ["text": .string("\(text) \($0)"), "label": .double($0)] })
    }
    let found = try check(
      [(.train, rows([0, 1, 2, 3], "a")), (.test, rows([2, 3, 4], "b"))], format, RegressionSettings())
    #expect(found.splits[0].values == Distribution([0, 1, 2, 3]) && found.splits[0].values?.mean == 1.5)
    let drift = try #require(found.splits[1].drift)
    #expect(drift.statistic == "kolmogorov_smirnov" && drift.value == 0.5)
    #expect(close(drift.expected, (Double.pi / 2).squareRoot() * 0.693_147_180_559_945_3 * (7.0 / 12).squareRoot()))
    #expect(found.weights == nil && found.problems.isEmpty)
  }

  @Test func `documents of running text that repeat, and that two splits share`() throws {
    let train = "a b c d e f g h\n\na b c d e f g h\nb c d e f g h i\n", test = "b c d e f g h i\n"
    let found = try check([(.train, train), (.test, test)], TextFormat(), MaskedLMSettings())
    #expect(found.noun == "documents" && found.splits.map(\.count) == [3, 1])
    #expect(places(found.splits[0].repeated) == [["train:3", "train:1"]])
    #expect(places(found.shared[0].found) == [["test:1", "train:4"]])
    #expect(found.splits[0].lengths == Distribution([8, 8, 8]) && found.splits[0].words == 24)
  }

  @Test func `documents with records in two splits are shared, though no text is`() throws {
    var format = TableDataFormat(.jsonl)
    format.columns.document = "d"
    let train = jsonl([["text": "a", "label": "x", "d": "1"], ["text": "b", "label": "y", "d": "2"]])
    let dev = jsonl([["text": "c", "label": "x", "d": "2"], ["text": "d", "label": "y", "d": "3"]])
    let found = try check([(.train, train), (.dev, dev)], format, SequenceClassificationSettings())
    #expect(found.shared.map(\.documents) == [1] && found.shared.map(\.found.count) == [0])
    #expect(found.problems == ["1 documents have records in both train and dev: split the data by document"])
  }

  @Test func `questions are counted with and without an answer`() throws {
    let questions: JSON = [
      ["id": "1", "question": "a", "answers": [["text": "b", "answer_start": 0]]],
      ["id": "2", "question": "c", "answers": []],
    ]
    let file: JSON = ["data": [["paragraphs": [["context": "b c", "qas": questions]]]]]
    let found = try check([(.train, file.text())], SQuADFormat(), ExtractiveQASettings())
    #expect(found.splits[0].labels == ["with answer": 1, "without answer": 1] && found.noun == "questions")
    #expect(found.splits[0].words == 6)
  }

  @Test func `labels that drift more than in random samples are noted`() throws {
    func rows(_ yes: Int, _ no: Int, _ text: String) -> String {
      jsonl(
        (0..<yes + no).map { ["text": .string("\(text) \($0)"), "label": $0 < yes ? "yes" : "no"] })
    }
    let found = try check(
      [(.train, rows(50, 50, "a")), (.dev, rows(95, 5, "b")), (.test, rows(52, 48, "c"))], TableDataFormat(.jsonl),
      SequenceClassificationSettings())
    #expect(close(found.splits[1].drift?.value ?? 0, 0.45) && close(found.splits[2].drift?.value ?? 0, 0.02))
    #expect(
      found.notes.filter { $0.contains("distributed") } == ["dev: the labels are distributed otherwise than in train"])
  }
}
