/// The training records of files that are too large for their features to be kept: each is read and tokenized when a
/// batch needs it. Every record is one sequence. Does not evaluate.
import Datasets

struct StreamedSplit: Sendable {
  let records: any Dataset
  let lengths: SequenceLengths
  private let encode: @Sendable (Record) -> EncodedRecord
  private let targets: @Sendable (Record) -> Targets

  /// Files from this size are streamed.
  private static let size = 128 << 20

  /// nil: the files are small, or a record may have several sequences.
  init?(_ records: any Dataset, _ task: any RecordInference, _ tokenizer: TextTokenizer) {
    guard records.fileSize >= Self.size, let task = task as? any TextInference, !task.readsWindows else { return nil }
    self.init(records, text: task, tokenizer)
  }

  init(_ records: any Dataset, text task: any TextInference, _ tokenizer: TextTokenizer) {
    self.records = records
    targets = { task.targets(of: $0) }
    let encode: @Sendable (Record) -> EncodedRecord = { task.encode($0, tokenizer) }
    self.encode = encode
    lengths = SequenceLengths(count: records.count) { encode(records[$0]).features[0].ids.count }
  }

  func batch(_ examples: [Int], _ loss: any LossFunction) -> LabeledBatch {
    LabeledBatch(examples, examples.map { encode(records[$0]).features[0] }, loss)
  }

  func hasTargets(_ example: Int) -> Bool { targets(records.labeling(example)).isLabeled }

  /// Records of which tokens are cut off; reads all.
  var cutCount: Int { (0..<records.count).count { encode(records[$0]).cutTokens > 0 } }
}
