/// Every metric of a task that answers records can choose the best weights, or is refused before training.
import Datasets
import Encoders
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private func refused(_ inference: some RecordInference) throws -> [String] {
  let tokenizer = try TextTokenizer(
    WordPiece(folder: fixture("tiny-bert")), ModelConfig(folder: fixture("tiny-bert")), maxLength: 16)
  let task = RecordTask(inference, splits: [:], tokenizer: tokenizer, loss: ClassificationLoss())
  let setup = TaskSetup(task: task, inference: inference, reuseHead: false, splitSizes: [:], notes: [])
  return type(of: inference).metrics.map(\.name).filter { name in
    guard let metric = TaskType.metric(named: name) else { return true }
    return (try? setup.check(metric)) == nil
  }
}

@Test func `metrics of a positive class, of yes and no, and of BioASQ are refused where there is none`() throws {
  let positive = ["f1_positive", "precision_positive", "recall_positive"], yesNo = ["f1_yes", "f1_no", "f1_yes_no"]
  #expect(try refused(SequenceClassification(labels: ["x", "y", "z"])) == positive + yesNo)
  #expect(try refused(SequenceClassification(labels: ["x", "y"])) == yesNo)
  #expect(try refused(SequenceClassification(labels: ["yes", "no"])) == [])
  #expect(
    try refused(SequenceClassification(labels: ["x", "y", "z"], reading: TextReading(), positiveLabel: "y")) == yesNo)
  #expect(try refused(TokenClassification(labels: ["O", "B-X", "I-X"])) == [])
  #expect(try refused(MultiLabelClassification(labels: ["x", "y"])) == [] && refused(Regression(labels: [])) == [])
  #expect(try refused(ExtractiveQA(AnswerDecoding())) == BioASQScore.metrics.map(\.name))
}
