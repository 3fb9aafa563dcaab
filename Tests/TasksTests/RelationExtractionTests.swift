/// Relation extraction without a model: marking, labels, the negative label, scores, what tune.json holds.
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private let pair = EntityPair(subject: .init(8..<10, type: "DRUG"), object: .init(0..<2, type: "GENE"))
private let record = Record(id: "1", texts: ["ab and, cd."], labels: ["x"], entities: pair)

private func context(
  _ rows: [JSON], _ folder: String, _ entities: EntityForms = EntityForms()
) throws -> TaskContext {
  try writeFile(rows.map { $0.text(pretty: false) }.joined(separator: "\n"), to: "\(folder)/train.jsonl")
  var format = TableDataFormat(.jsonl)
  format.columns.entities = entities
  let tokenizer = try TextTokenizer(
    WordPiece(folder: fixture("tiny-bert")), ModelConfig(folder: fixture("tiny-bert")), maxLength: 16)
  return TaskContext(
    data: TaskData(files: [(.train, ["\(folder)/train.jsonl"])], format: format), tokenizer: tokenizer,
    baseLabels: [], teacherLabels: nil, seed: 1, threads: 1)
}

private let rows: [JSON] = [["text": "a b", "label": "x"], ["text": "c", "label": "no"]]

@Suite struct RelationExtractionTests {
  @Test func `entities are replaced, or get markers around them`() {
    #expect(EntityMarking.dummy.text("ab and, cd.", pair) == "@GENE$ and, @DRUG$.")
    #expect(EntityMarking.markers.text("ab and, cd.", pair) == "<O:GENE> ab </O:GENE> and, <S:DRUG> cd </S:DRUG>.")
    let untyped = EntityPair(subject: .init(0..<1, type: nil), object: .init(2..<3, type: nil))
    #expect(EntityMarking.markers.text("é👍🏽x", untyped) == "<S> é </S>👍<O> 🏽 </O>x")
    #expect(EntityMarking.dummy.text("abc", untyped) == "@ENTITY$b@ENTITY$")
    #expect(EntityMarking.markers.newTokens(for: [record]) == ["</O:GENE>", "</S:DRUG>", "<O:GENE>", "<S:DRUG>"])
    #expect(EntityMarking.dummy.newTokens(for: [record]) == [])
  }

  @Test func `the model reads the marked text, and refuses records without entities`() throws {
    let tokenizer = try TextTokenizer(
      WordPiece(folder: fixture("tiny-bert")), ModelConfig(folder: fixture("tiny-bert")))
    for marking in EntityMarking.allCases {
      let task = RelationExtraction(
        labels: ["no", "x"], reading: TextReading(pairs: false), negativeLabel: "no", marking: marking)
      let marked = Record(id: "1", texts: [marking.text(record.texts[0], pair)])
      #expect(
        task.encode(record, tokenizer).features[0].ids
          == SequenceClassification(labels: ["no", "x"]).encode(marked, tokenizer).features[0].ids)
      #expect(task.targets(of: record) == .classes([1]))
      #expect(throws: Never.self) { try task.check(record) }
      let error = #expect(throws: TaskFault.self) { try task.check(marked) }
      #expect(error?.description.contains("found a text without its two entities") == true)
    }
    #expect(throws: Never.self) { try RelationExtraction(labels: ["no", "x"]).check(Record(id: "1", texts: ["a"])) }
  }

  @Test func `markers of entity types that were not seen in training are noted`() throws {
    let config = try ModelConfig(folder: fixture("tiny-bert"))
    let tokenizer = try TextTokenizer(WordPiece(folder: fixture("tiny-bert")), config)
    func note(_ marking: EntityMarking?) -> String? {
      RelationExtraction(labels: ["no", "x"], reading: TextReading(), negativeLabel: nil, marking: marking)
        .unknownInputNote([record, record], tokenizer)
    }
    #expect(note(.markers)?.hasSuffix("has learned: <O:GENE> (2), <S:DRUG> (2); the first is record 1") == true)
    #expect(note(.dummy) == nil && note(nil) == nil)
    let known = ["<O:GENE>", "</O:GENE>"]
    let other = EntityMarking.markers.unknownMarkersNote([record], tokens: known)
    #expect(other?.hasSuffix(": <S:DRUG> (1); the first is record 1") == true)
    #expect(EntityMarking.markers.unknownMarkersNote([record], tokens: known + ["<S:DRUG>", "</S:DRUG>"]) == nil)
  }

  @Test func `entities are marked only where the data give them, and the negative label must exist`() throws {
    try withTemporaryFolder { folder in
      var settings = RelationExtractionSettings()
      settings.negativeLabel = "no"
      let plain = try settings.setUp(context(rows, folder)).inference as? RelationExtraction
      #expect(plain?.marking == nil && plain?.labels == ["no", "x"])
      let marks = EntityForms(subject: .init(marks: ["[", "]"]), object: .init(marks: ["<", ">"]))
      let marked: [JSON] = [["text": "[a] <b>", "label": "x"], ["text": "<c> [a]", "label": "no"]]
      let task = try settings.setUp(context(marked, folder, marks)).inference as? RelationExtraction
      #expect(task?.marking == .dummy && task?.negativeLabel == "no")
      settings.negativeLabel = "none"
      let error = #expect(throws: TaskFault.self) { try settings.setUp(context(rows, folder)) }
      #expect(error?.description == "task.negative_label: no such label: none. The data have no, x.")
    }
  }

  @Test func `tune json keeps the marking and the negative label, and needs neither`() throws {
    let task = RelationExtraction(
      labels: ["no", "x"], reading: TextReading(pairs: false), negativeLabel: "no", marking: .markers)
    let json = try JSON(encoding: task)
    #expect(json["negative_label"] == "no" && json["entity_marking"] == "markers" && json["labels"] == ["no", "x"])
    let read = try json.decoded(as: RelationExtraction.self, file: "tune.json")
    #expect(read.negativeLabel == "no" && read.marking == .markers && read.reading == task.reading)
    let older = try (["labels": ["a", "b"]] as JSON).decoded(as: RelationExtraction.self, file: "tune.json")
    #expect(older.negativeLabel == nil && older.marking == nil)
  }

  @Test func `scores are scikit-learn's without the negative label`() throws {
    let cases = try JSON(path: fixture("classification-score/relations.json")).array ?? []
    #expect(cases.count == 400)
    for (index, golden) in cases.enumerated() {
      func labels(_ key: String) -> [String] { golden[key]?.array?.compactMap(\.string) ?? [] }
      let score = RelationScore(
        gold: labels("gold"), predicted: labels("predicted"), negative: golden["negative"]?.string)
      for (name, found) in [("micro", score.micro), ("macro", score.macro)] {
        let expected = golden[name]?.array?.compactMap(\.number) ?? []
        for (found, expected) in zip([found.precision, found.recall, found.f1], expected) {
          #expect(abs(found - expected) <= 1e-12, "case \(index), \(name)")
        }
      }
      #expect(abs(score.accuracy - (golden["accuracy"]?.number ?? -1)) <= 1e-12, "case \(index)")
    }
  }

  @Test func `the task's metrics leave the negative label out`() throws {
    let task = RelationExtraction(
      labels: ["no", "x", "y"], reading: TextReading(), negativeLabel: "no", marking: nil)
    let gold = ["no", "x", "y", "no"].enumerated().map { Record(id: "\($0)", labels: [$1]) }
    let predicted = ["no", "x", "no", "y"].map { Prediction.label($0, probabilities: []) }
    let score = try task.score(gold, predicted)
    #expect(score.values["f1_micro"] == 0.5 && score.values["f1_macro"] == 0.5 && score.values["accuracy"] == 0.5)
    #expect(score.json["per_class"]?.object?.keys.sorted() == ["x", "y"] && score.json["support"] == 2)
    #expect(RelationExtraction.metrics.first?.name == "f1_micro")
  }
}
