/// What a run says about its data before it trains: counts of labels, shared texts, and the limit of dev.
import Datasets
import Encoders
import Files
import FoundationEssentials
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private struct Data {
  let folder = TemporaryFolder()
  var path: String { folder.path }

  /// Writes a file for each split, and sets up the task.
  func setUp(
    _ files: [(Split, String, String)], _ format: any DataFormat, _ settings: any TaskSettings, maxDev: Int? = nil
  ) throws -> (setup: TaskSetup, data: TaskData) {
    for (_, name, text) in files where !fileExists("\(path)/\(name)") { try writeFile(text, to: "\(path)/\(name)") }
    let data = TaskData(
      files: files.map { ($0.0, ["\(path)/\($0.1)"]) }, format: format, maxTrainExamples: nil, maxDevExamples: maxDev)
    let config = try ModelConfig(folder: fixture("tiny-bert"))
    let tokenizer = try TextTokenizer(WordPiece(folder: fixture("tiny-bert")), config, maxLength: 16)
    let context = TaskContext(data: data, tokenizer: tokenizer, baseLabels: [], teacherLabels: nil, seed: 1, threads: 1)
    return (try settings.setUp(context), data)
  }

  func notes(
    _ files: [(Split, String, String)], _ format: any DataFormat = CoNLLFormat(),
    _ settings: any TaskSettings = TokenClassificationSettings()
  ) throws -> [String] {
    let (setup, data) = try setUp(files, format, settings)
    return try sharedTextNotes(setup.task, data).map { $0.replacing(path + "/", with: "") }
  }
}

private let train = "a\tB-X\nb\tI-X\nc\tB-Y\n\nd\tO\n\ne\tB-X\nf\tB-X\n"

struct LabelCountsTests {
  @Test func `entities are counted by type as an evaluation counts them`() throws {
    let dev = "c\tB-Y\n\nc\tI-Y\nb\tI-Y\n"
    let (setup, _) = try Data().setUp(
      [(.train, "train.tsv", train), (.dev, "dev.tsv", dev)], CoNLLFormat(), TokenClassificationSettings())
    let counts = try #require(LabelCounts(setup))
    #expect(counts.noun == "sentences" && counts.splits == [.train, .dev] && counts.records == [3, 2])
    #expect(counts.labels.map(\.label) == ["X", "Y"] && counts.labels.map(\.counts) == [[3, 0], [1, 2]])
  }

  @Test func `records are counted by label, also those of labels that only dev has`() throws {
    let rows = { (labels: [String]) in labels.map { #"{"text": "a", "label": "\#($0)"}"# }.joined(separator: "\n") }
    let (setup, _) = try Data().setUp(
      [(.train, "train.jsonl", rows(["yes", "no", "no"])), (.dev, "dev.jsonl", rows(["maybe", "no"]))],
      TableDataFormat(.jsonl), SequenceClassificationSettings())
    let counts = try #require(LabelCounts(setup))
    #expect(counts.noun == "records" && counts.records == [3, 2])
    #expect(counts.labels.map(\.label) == ["maybe", "no", "yes"])
    #expect(counts.labels.map(\.counts) == [[0, 1], [2, 1], [1, 0]])
  }

  @Test func `running text has no labels`() throws {
    let text = "a b c d e f g h i j k l\n"
    let (setup, _) = try Data().setUp([(.train, "t.txt", text)], TextFormat(), MaskedLMSettings())
    #expect(LabelCounts(setup) == nil)
  }

  @Test func `dev is limited to its first examples, and test is not`() throws {
    let (setup, _) = try Data().setUp(
      [(.train, "a.tsv", train), (.dev, "b.tsv", train), (.test, "c.tsv", train)], CoNLLFormat(),
      TokenClassificationSettings(), maxDev: 2)
    #expect(LabelCounts(setup)?.records == [3, 2, 3])
    #expect(setup.task.records(in: .dev)?.all == Array(setup.task.records(in: .test)?.all.prefix(2) ?? []))
    #expect(setup.splitSizes[.dev] == "2 sentences")
    let text = (0..<5).map { _ in "a b c d e f g h i j k l m n" }.joined(separator: "\n")
    let splits = [(Split.train, "t.txt", text), (.dev, "d.txt", text), (.test, "e.txt", text)]
    let (blocks, _) = try Data().setUp(splits, TextFormat(), MaskedLMSettings(), maxDev: 2)
    #expect(blocks.task.tokens(in: .dev) == 32 && blocks.task.tokens(in: .test) > 60)
    #expect(blocks.splitSizes[.dev] == "2 blocks, 32 tokens")
  }
}

struct SharedTextsTests {
  private let data = Data()

  @Test func `sentences that two splits share are counted, with an example`() throws {
    let dev = "x\tO\n\nd\tB-X\n\ny\tO\n\ne\tO\nf\tO\n\nd\tO\n", test = "x\tO\n\nz\tO\n"
    let found = try data.notes([(.train, "train.tsv", train), (.dev, "dev.tsv", dev), (.test, "test.tsv", test)])
    #expect(
      found == [
        "3 of 5 sentences of dev are also in train, such as dev.tsv:3 in train.tsv:5: "
          + "scores on dev count texts that the model is trained on",
        "1 of 2 sentences of test are also in dev, such as test.tsv:1 in dev.tsv:1: "
          + "scores on test count texts that the weights are chosen on",
      ])
  }

  @Test func `words and their borders count, labels do not`() throws {
    #expect(try data.notes([(.train, "t.tsv", "a b\tO\nc\tB-X\n"), (.dev, "d.tsv", "a\tO\nb\tO\nc\tB-X\n")]) == [])
    #expect(try data.notes([(.train, "t.tsv", ""), (.test, "e.tsv", "a b\tO\nc\tO\n")]).count == 1)
  }

  @Test func `a file that is two splits is noted, also through links`() throws {
    let same = try data.notes([(.train, "t.tsv", train), (.dev, "t.tsv", train)])
    let consequence = "scores on dev count texts that the model is trained on"
    #expect(same == ["train and dev have the same file, t.tsv: \(consequence)"])
    try FileManager.default.createSymbolicLink(atPath: data.path + "/soft.tsv", withDestinationPath: "t.tsv")
    try FileManager.default.linkItem(atPath: data.path + "/t.tsv", toPath: data.path + "/hard.tsv")
    for link in ["soft.tsv", "hard.tsv"] {
      let linked = try data.notes([(.train, "t.tsv", train), (.dev, link, train)])
      #expect(linked == ["train and dev have the same file, \(link), which is t.tsv: \(consequence)"])
    }
    let copied = try data.notes([(.train, "t.tsv", train), (.dev, "copy.tsv", train)])
    #expect(copied.count == 1 && copied[0].hasPrefix("3 of 3 sentences of dev are also in train"))
  }

  @Test func `pairs of texts are shared only as a whole`() throws {
    func rows(_ pairs: [(String, String)]) -> String {
      pairs.enumerated().map { #"{"a": "\#($1.0)", "b": "\#($1.1)", "label": "\#($0 % 2)"}"# }.joined(separator: "\n")
    }
    var format = TableDataFormat(.jsonl)
    (format.columns.text, format.columns.textPair) = ("a", "b")
    let found = try data.notes(
      [
        (.train, "t.jsonl", rows([("x", "y"), ("u", "v")])),
        (.test, "e.jsonl", rows([("x", "v"), ("y", "x"), ("u", "v")])),
      ], format, SequenceClassificationSettings())
    #expect(
      found.count == 1 && found[0].hasPrefix("1 of 3 records of test are also in train, such as e.jsonl:3 in t.jsonl:2")
    )
  }

  @Test func `documents of running text are compared line by line`() throws {
    let text = ["a b c d e f g h i j", "k l m n o p q r s t", "", "u v w x y z a b c d"]
    let found = try data.notes(
      [
        (.train, "t.txt", text.joined(separator: "\n")),
        (.dev, "d.txt", [text[1] + " u", text[3]].joined(separator: "\n")),
      ], TextFormat(), MaskedLMSettings())
    #expect(
      found.count == 1 && found[0].hasPrefix("1 of 2 documents of dev are also in train, such as d.txt:2 in t.txt:4"))
  }
}
