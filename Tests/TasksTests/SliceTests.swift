/// Tests the parts of the data by which predictions are scored, against scikit-learn and seqeval.
import Datasets
import Files
import TestSupport
import Testing

@testable import Tasks

/// Made by Tests/Fixtures/report/make_goldens.py.
private func golden(_ name: String) throws -> JSON {
  try #require(JSON(path: fixture("report") + "/golden.json")[name])
}

private func strings(_ json: JSON?) -> [String] { (json?.array ?? []).compactMap(\.string) }
private func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).compactMap(\.number) }

private func predictions(_ golden: JSON, _ inference: any RecordInference) -> SavedPredictions {
  SavedPredictions(golden["rows"]?.array ?? [], inference, run: "run", path: "test.jsonl")
}

private let bootstrap = Bootstrap(resamples: 50, seed: 1)

/// Precision, recall, F1 and support.
private func expect(_ slice: Slice?, _ golden: JSON?, _ name: String) throws {
  let slice = try #require(slice), expected = numbers(golden)
  for (metric, value) in zip(["precision", "recall", "f1"], expected) {
    #expect(abs((slice.values[metric] ?? .nan) - value) < 1e-12, "\(name) \(metric)")
    let interval = try #require(slice.intervals[metric])
    #expect(interval.contains(value), "\(name) \(metric)")
  }
  #expect(Double(slice.count) == expected[3], "\(name)")
}

private func expectLengths(_ table: SliceTable?, _ golden: JSON, _ metric: String) throws {
  let table = try #require(table), expected = golden["lengths"]?.array ?? []
  #expect(table.slices.map(\.count) == expected.map { $0["n"]?.int ?? 0 })
  for (slice, golden) in zip(table.slices, expected) {
    #expect(abs((slice.values[metric] ?? .nan) - (golden[metric]?.number ?? 9)) < 1e-12, "\(slice.name)")
  }
}

@Suite struct SliceTests {
  @Test func `labels are scored as by scikit-learn, by label and by length`() throws {
    let golden = try golden("single"), labels = strings(golden["labels"])
    let saved = predictions(golden, SequenceClassification(labels: labels)), scored = try saved.scored()
    let tables = saved.slices(scored, bootstrap, mentions: nil)
    #expect(tables.map(\.kind) == [.label, .length])
    for label in labels {
      try expect(tables[0].slices.first { $0.name == label }, golden["by_label"]?[label], label)
    }
    try expectLengths(tables.last, golden, "accuracy")
    #expect(saved.confusion?.counts == (golden["confusion"]?.array ?? []).map { $0.array?.compactMap(\.int) ?? [] })
    #expect(abs((saved.calibration?.error ?? 9) - (golden["ece"]?.number ?? -9)) < 1e-12)
    let weakest = tables.weakest().prefix(2)
    let values = weakest.map { $0.slice.values[$0.metric.name] ?? .nan }
    let all = tables.flatMap { table in table.slices.map { $0.values[table.metrics[0].name] ?? .nan } }
    #expect(values == Array(all.sorted().prefix(2)))
  }

  @Test func `label sets are scored as by scikit-learn, by label and by length`() throws {
    let golden = try golden("label_sets"), labels = strings(golden["labels"])
    let saved = predictions(golden, MultiLabelClassification(labels: labels)), scored = try saved.scored()
    let tables = saved.slices(scored, bootstrap, mentions: nil)
    for label in labels {
      try expect(tables[0].slices.first { $0.name == label }, golden["by_label"]?[label], label)
    }
    try expectLengths(tables.last, golden, "f1_micro")
    #expect(saved.confusion == nil && abs((saved.calibration?.error ?? 9) - (golden["ece"]?.number ?? -9)) < 1e-12)
  }

  @Test func `entities are scored as by seqeval, by type and by whether training had their words`() throws {
    let golden = try golden("entities")
    let saved = predictions(golden, try TokenClassification(labels: strings(golden["labels"])))
    let scored = try saved.scored()
    #expect(scored.isByDocument)
    func records(_ words: [JSON], _ tags: [JSON?]) -> [Record] {
      zip(words, tags).map { Record(id: "", words: strings($0), tags: strings($1)) }
    }
    let training = golden["training"]?.array ?? [], sentences = golden["sentences"]?.array ?? []
    let mentions = MentionData(
      training: records(training.compactMap { $0["words"] }, training.map { $0["tags"] }),
      records: records(sentences, sentences.map { _ in nil }))
    let tables = saved.slices(scored, bootstrap, mentions: mentions)
    #expect(tables.map(\.kind) == [.label, .mention, .length])
    for type in ["A", "B"] { try expect(tables[0].slices.first { $0.name == type }, golden["by_label"]?[type], type) }
    for (name, key) in [("seen in training", "seen"), ("not seen in training", "unseen")] {
      try expect(tables[1].slices.first { $0.name == name }, golden[key], name)
    }
    #expect(abs((saved.calibration?.error ?? 9) - (golden["ece"]?.number ?? -9)) < 1e-12)
    #expect(saved.slices(scored, bootstrap, mentions: nil).map(\.kind) == [.label, .length])
  }

  @Test func `a mention is seen if an entity of training has the same words in lower case, whatever its type`() {
    let training = [
      Record(id: "1", words: ["Breast", "cancer", "of"], tags: ["B-A", "I-A", "O"]),
      Record(id: "2", words: ["cancer", "TP53"], tags: ["O", "B-B"]),
    ]
    let seen = SeenMentions(training)
    #expect(
      seen.contains(Span("B", 1, 3), of: ["a", "BREAST", "Cancer"]) && seen.contains(Span("A", 0, 1), of: ["tp53"]))
    // A word of an entity is no entity, and neither is a word outside.
    #expect(!seen.contains(Span("A", 0, 1), of: ["cancer"]) && !seen.contains(Span("A", 0, 1), of: ["of"]))
  }

  @Test func `records of the same length are in the same group, and few records have none`() throws {
    func lengths(_ words: [Int]) throws -> [Slice]? {
      let rows = words.enumerated().map { index, words -> JSON in
        ["id": .string("\(index)"), "gold": 1, "predicted": 2, "words": .int(words)]
      }
      let saved = SavedPredictions(rows, Regression(labels: ["value"]), run: "run", path: "test.jsonl")
      return saved.slices(try saved.scored(), bootstrap, mentions: nil).first { $0.kind == .length }?.slices
    }
    let groups = try #require(try lengths([1, 1, 1, 1, 1, 1, 2, 3, 4, 5]))
    #expect(
      groups.map(\.name) == ["1 word", "2–3 words", "4–5 words"] && groups.map(\.count) == [6, 2, 2],
      "\(groups.map(\.name))")
    #expect(try lengths([1, 2, 3]) == nil && lengths([Int](repeating: 7, count: 20)) == nil)
  }
}
