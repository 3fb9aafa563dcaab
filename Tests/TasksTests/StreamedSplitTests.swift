/// A large training file is tokenized as it is read: the same batches, lengths and targets as if it were kept.
import Datasets
import Encoders
import Files
import TestSupport
import Testing
import Tokenization

@testable import Tasks

private func tasks(_ rows: [JSON], maxLength: Int = 16) throws -> (kept: RecordTask, streamed: RecordTask) {
  try withTemporaryFolder { folder in
    try writeFile(rows.map { $0.text(pretty: false) + "\n" }.joined(), to: folder + "/t.jsonl")
    let records = try TableDataFormat(.jsonl).records(in: [folder + "/t.jsonl"])
    let tokenizer = try TextTokenizer(
      WordPiece(folder: fixture("tiny-bert")), ModelConfig(folder: fixture("tiny-bert")), maxLength: maxLength)
    let inference = SequenceClassification(labels: ["x", "y"]), loss = ClassificationLoss()
    let streamed = StreamedSplit(records, text: inference, tokenizer)
    return (
      RecordTask(inference, splits: [.train: records], tokenizer: tokenizer, loss: loss),
      RecordTask(inference, splits: [.train: records], streamed, tokenizer: tokenizer, loss: loss)
    )
  }
}

@Test func `a streamed split has the batches, lengths, targets and places of one that is kept`() throws {
  let rows = (0..<40).map { row -> JSON in
    let text = (0..<row % 23 + 1).map { "abcdefg".map(String.init)[(row + $0) % 7] }.joined(separator: " ")
    return ["text": .string(text), "label": .string(["x", "y", "z"][row % 3])]
  }
  let (kept, streamed) = try tasks(rows)
  #expect(!kept.streamsTraining && streamed.streamsTraining)
  #expect(Array(streamed.sequenceLengths) == kept.lengths && streamed.tokens(in: .train) == kept.tokens(in: .train))
  #expect(streamed.lengths == kept.lengths && streamed.sequenceLengths[3] == kept.lengths[3])
  for examples in [[0], [39, 3, 20], [7, 7]] {
    let (a, b) = (kept.batch(examples, at: 0), streamed.batch(examples, at: 0))
    #expect(a.input.ids == b.input.ids && a.targets == b.targets && a.weight == b.weight && a.examples == b.examples)
  }
  #expect((0..<40).map(streamed.hasTargets) == (0..<40).map(kept.hasTargets))
  #expect((0..<40).map(streamed.hasTargets) == (0..<40).map { $0 % 3 < 2 })
  #expect(streamed.sizes(.train) == kept.sizes(.train) && streamed.sizes(.train).cut > 0)
  #expect(streamed.describe(example: 5) == kept.describe(example: 5))
  #expect(streamed.records(in: .train)?.all == kept.records(in: .train)?.all)
}

@Test func `only large files are streamed, and no windows`() throws {
  struct Large: Dataset {
    let count = 1
    let fileSize = 200 << 20
    subscript(index: Int) -> Record { Record(id: "1", texts: ["a"], labels: ["x"]) }
  }
  let tokenizer = try TextTokenizer(
    WordPiece(folder: fixture("tiny-bert")), ModelConfig(folder: fixture("tiny-bert")), maxLength: 16)
  let plain = SequenceClassification(labels: ["x", "y"])
  let windows = SequenceClassification(labels: ["x", "y"], reading: TextReading(longText: .mean))
  #expect(StreamedSplit(Large(), plain, tokenizer) != nil && StreamedSplit(Large(), windows, tokenizer) == nil)
  #expect(StreamedSplit([Record(id: "1", texts: ["a"])], plain, tokenizer) == nil)
  let tagger = try TokenClassification(labels: ["O", "B-X"])
  #expect(StreamedSplit(Large(), tagger, tokenizer) == nil)
}
