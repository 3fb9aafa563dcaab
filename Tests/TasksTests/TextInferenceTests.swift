/// Tests multi-label classification and regression without a model: labels, targets, predictions, thresholds.
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private func context(_ rows: [Split: [JSON]], _ kind: LabelKind, _ folder: String) throws -> TaskContext {
  for (split, rows) in rows {
    try writeFile(rows.map { $0.text(pretty: false) }.joined(separator: "\n"), to: "\(folder)/\(split.rawValue).jsonl")
  }
  var format = TableDataFormat(.jsonl)
  format.labelKind = kind
  let tokenizer = try TextTokenizer(
    WordPiece(folder: fixture("tiny-bert")), ModelConfig(folder: fixture("tiny-bert")), maxLength: 16)
  return TaskContext(
    data: TaskData(files: rows.keys.map { ($0, ["\(folder)/\($0.rawValue).jsonl"]) }, format: format),
    tokenizer: tokenizer, baseLabels: [], teacherLabels: nil, seed: 1, threads: 1)
}

private let train: [JSON] = [["text": "a b", "label": ["y", "x"]], ["text": "c", "label": []]]

@Suite struct MultiLabelClassificationTests {
  @Test func `labels are those of the training file, and every record has a target for each`() throws {
    try withTemporaryFolder { folder in
      let context = try context([.train: train, .test: [["text": "a", "label": ["z"]]]], .set, folder)
      let setup = try MultiLabelClassificationSettings().setUp(context)
      #expect(setup.labels == ["x", "y"])
      #expect(setup.task.batch([0, 1], at: 0).targets == .classSets([[1, 1], [0, 0]]))
      #expect(setup.notes == ["test: records with labels that the model does not know count as errors: z (1)"])
    }
  }

  @Test func `labels that are not listed, weights of unknown labels, and thresholds without dev are errors`() throws {
    try withTemporaryFolder { folder in
      let context = try context([.train: train], .set, folder)
      for change in [
        { $0.labels = ["x"] }, { $0.positiveWeights = ["z": 2] }, { $0.threshold = .dev },
      ] as [(inout MultiLabelClassificationSettings) -> Void] {
        var settings = MultiLabelClassificationSettings()
        change(&settings)
        #expect(throws: TaskFault.self) { try settings.setUp(context) }
      }
    }
  }

  @Test func `the labels from the threshold apply, and a long text has the mean of its windows' probabilities`() {
    let task = MultiLabelClassification(
      labels: ["x", "y"], reading: TextReading(longText: .mean, pairs: false), thresholdChoice: .fixed(0.4))
    let windows = [Logits(classes: 2, values: [2, -2]), Logits(classes: 2, values: [-2, -2])]
    guard
      case .labels(let labels, let scores) = task.predict(
        Record(id: "1", texts: ["a"]), EncodedRecord([]), from: windows)
    else {
      Issue.record("not a set of labels")
      return
    }
    #expect(labels == ["x"])
    #expect(abs(scores[0].probability - 0.5) < 1e-12)
    #expect(abs(scores[1].probability - 0.11920292202211755) < 1e-12)
  }

  @Test func `thresholds chosen on dev are saved and read again`() throws {
    let task = MultiLabelClassification(
      labels: ["x", "y"], reading: TextReading(longText: .truncate, pairs: nil), thresholdChoice: .devPerLabel)
    let records = [Record(id: "1", labels: ["x"]), Record(id: "2", labels: ["y"])]
    let fitted = task.fitted(
      to: records, [EncodedRecord([]), EncodedRecord([])],
      [[-1, 1], [-2, 2]].map { [Logits(classes: 2, values: $0)] })
    let thresholds = [sigmoid(-1), sigmoid(2)]
    #expect(fitted.thresholds == thresholds)
    let json = try JSON(encoding: fitted)
    #expect(json["thresholds"] == .array(thresholds.map(JSON.double)))
    #expect(try json.decoded(as: MultiLabelClassification.self, file: "tune.json").thresholds == thresholds)
    let broken: JSON = ["labels": ["x", "y"], "thresholds": [0.5]]
    #expect(throws: (any Error).self) { try broken.decoded(as: MultiLabelClassification.self, file: "tune.json") }
  }
}

@Suite struct RegressionTests {
  @Test func `targets and predictions are numbers`() throws {
    try withTemporaryFolder { folder in
      let rows: [JSON] = [["text": "a", "label": 1.5], ["text": "b", "label": "-2"]]
      let setup = try RegressionSettings().setUp(context([.train: rows], .number, folder))
      #expect(setup.labels.count == 1 && !setup.reuseHead)
      #expect(setup.task.batch([1, 0], at: 0).targets == .values([-2, 1.5]))
    }
    let task = Regression(reading: TextReading(longText: .mean, pairs: nil))
    let prediction = task.predict(
      Record(id: "1", texts: ["a"]), EncodedRecord([]),
      from: [Logits(classes: 1, values: [1]), Logits(classes: 1, values: [2])])
    #expect(prediction == .value(1.5))
    #expect(prediction.members == ["value": 1.5])
    let score = try task.score([Record(id: "1", value: 1), Record(id: "2", value: 3)], [.value(1), .value(2)])
    #expect(abs((score.values["pearson"] ?? 0) - 1) < 1e-12 && score.values["mse"] == 0.5)
  }
}
