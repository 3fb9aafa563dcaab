/// Tests the task sequence classification without a model: labels, features, prediction, notes.
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private func tokenizer(maxLength: Int = 16) throws -> TextTokenizer {
  try TextTokenizer(
    WordPiece(folder: fixture("tiny-bert")), ModelConfig(folder: fixture("tiny-bert")), maxLength: maxLength)
}

private func context(
  _ files: [(split: Split, rows: [(text: String, label: String)])], _ folder: String, base: [String] = [],
  teacher: [String]? = nil
) throws -> TaskContext {
  for (split, rows) in files {
    let lines = rows.map { JSON.object(["text": .string($0.text), "label": .string($0.label)]).text(pretty: false) }
    try writeFile(lines.joined(separator: "\n"), to: "\(folder)/\(split.rawValue).jsonl")
  }
  return TaskContext(
    data: TaskData(
      files: files.map { ($0.split, ["\(folder)/\($0.split.rawValue).jsonl"]) }, format: TableDataFormat(.jsonl)),
    tokenizer: try tokenizer(), baseLabels: base, teacherLabels: teacher, seed: 1, threads: 1)
}

private let train: [(text: String, label: String)] = [("a b", "yes"), ("c", "no"), ("d e f", "maybe")]

@Test func `labels are those of the training file, sorted, and a new head is made`() throws {
  try withTemporaryFolder { folder in
    let setup = try SequenceClassificationSettings().setUp(context([(.train, train)], folder))
    #expect(setup.labels == ["maybe", "no", "yes"] && !setup.reuseHead && setup.notes.isEmpty)
    #expect(setup.splitSizes[.train] == "3 records")
    #expect(setup.task.batch([0, 2], at: 0).targets == .classes([2, 0]))
  }
}

@Test func `the base's or the teachers' labels are kept if they include the data's`() throws {
  try withTemporaryFolder { folder in
    let base = ["yes", "no", "maybe", "never"]
    let setup = try SequenceClassificationSettings().setUp(context([(.train, train)], folder, base: base))
    #expect(setup.labels == base && setup.reuseHead)
    #expect(setup.notes == ["train: labels without an example: never (1 of 4)"])
    let taught = try SequenceClassificationSettings().setUp(
      context([(.train, train)], folder, base: base, teacher: ["no", "maybe", "yes"]))
    #expect(taught.labels == ["no", "maybe", "yes"] && !taught.reuseHead)
  }
}

@Test func `labels that only dev or test has are noted, and have no target`() throws {
  try withTemporaryFolder { folder in
    let setup = try SequenceClassificationSettings().setUp(
      context([(.train, train), (.test, [("a", "yes"), ("b", "often"), ("c", "often")])], folder))
    #expect(setup.labels.count == 3)
    #expect(
      setup.notes == [
        "test: records with labels that the model does not know count as errors: often (2)"
      ])
  }
}

@Test func `training data with one label are an error`() throws {
  withTemporaryFolder { folder in
    _ = #expect(throws: TaskFault.self) {
      try SequenceClassificationSettings().setUp(context([(.train, [("a", "x"), ("b", "x")])], folder))
    }
  }
}

@Test func `long texts are cut and noted, or read in windows`() throws {
  try withTemporaryFolder { folder in
    let long = Array(repeating: "a b c d", count: 10).joined(separator: " ")
    var settings = SequenceClassificationSettings()
    let data = try context([(.train, [(long, "x"), ("b", "y")])], folder)
    let cut = try settings.setUp(data)
    #expect(cut.task.lengths == [16, 3])
    #expect(
      cut.notes == [
        "train: 1 of 2 records are longer than 16 tokens and are cut; task.long_text \"mean\" reads them in windows"
      ])
    settings.longText = .mean
    let windows = try settings.setUp(data)
    #expect(windows.task.lengths.count > 3 && windows.task.lengths.dropLast().allSatisfy { $0 <= 16 })
    #expect(windows.notes == ["train: 2 records are split into \(windows.task.lengths.count) windows"])
    #expect(windows.task.describe(example: 1).contains("record 1 (line 1)"))
  }
}

@Test func `the prediction is the mean of the windows' probabilities`() throws {
  let task = SequenceClassification(labels: ["a", "b"], reading: TextReading(longText: .mean, pairs: false))
  let record = Record(id: "1", texts: ["x"])
  let logits = [Logits(classes: 2, values: [0, 0]), Logits(classes: 2, values: [0, 2])]
  guard case .label(let label, let scores) = task.predict(record, EncodedRecord([]), from: logits) else {
    Issue.record("not a label")
    return
  }
  #expect(label == "b")
  #expect(abs(scores[1].probability - (0.5 + 1 / (1 + 0.1353352832366127)) / 2) < 1e-9)
  #expect(abs(scores[0].probability + scores[1].probability - 1) < 1e-12)
}

@Test func `pairs have token types`() throws {
  let encoded = SequenceClassification(labels: ["a", "b"]).encode(
    Record(id: "1", texts: ["a b", "c"], labels: ["b"]), try tokenizer())
  #expect(encoded.features.count == 1 && encoded.features[0].tokenTypeIDs == [0, 0, 0, 0, 1, 1])
  #expect(encoded.features[0].targets == .classes([1]))
}
