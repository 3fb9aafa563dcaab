/// The records of a split with their features, by sequence, and the way back from logits to records.
import Autograd
import Datasets
import Encoders

struct EncodedSplit: Sendable {
  let records: any Dataset
  let encoded: [EncodedRecord]
  /// The record of each sequence, and which of its features the sequence is.
  let sequences: [(record: Int, index: Int)]
  /// Tokens of each sequence.
  let lengths: [Int]
  private var task: any RecordInference

  init(_ records: any Dataset, _ task: any RecordInference, _ tokenizer: TextTokenizer) {
    self.records = records
    self.task = task
    let encode = task.encoder(tokenizer)
    encoded = (0..<records.count).map { encode(records[$0]) }
    sequences = encoded.enumerated().flatMap { record, encoded in encoded.features.indices.map { (record, $0) } }
    lengths = encoded.flatMap { $0.features.map(\.ids.count) }
  }

  /// The same records and features, whose logits `task` decodes.
  func with(_ task: any RecordInference) -> EncodedSplit {
    var copy = self
    copy.task = task
    return copy
  }

  func features(_ sequence: Int) -> Features {
    let (record, index) = sequences[sequence]
    return encoded[record].features[index]
  }

  func batch(_ sequences: [Int], _ loss: any LossFunction) -> LabeledBatch {
    LabeledBatch(sequences, sequences.map(features), loss)
  }

  /// The logits from which each sequence of a batch is decoded.
  func predictionLogits(
    _ batch: LabeledBatch, _ logits: Tensor, _ transitions: TransitionScores?
  ) -> [(sequence: Int, logits: Logits)] {
    zip(batch.examples, rows(of: batch)).map { sequence, rows in
      // A head that reads words has no other rows.
      let chosen = batch.rows == nil ? features(sequence).predictionRows : nil
      return (
        sequence,
        Logits(logits, rows: chosen.map { $0.map { rows.lowerBound + $0 } } ?? Array(rows), transitions: transitions)
      )
    }
  }

  /// All logits of each sequence of a batch.
  func allLogits(_ batch: LabeledBatch, _ logits: Tensor) -> [(sequence: Int, logits: Logits)] {
    zip(batch.examples, rows(of: batch)).map { ($0, Logits(logits, rows: $1)) }
  }

  /// The rows of logits of each of a batch's sequences.
  private func rows(of batch: LabeledBatch) -> [Range<Int>] {
    if type(of: task).headType.isBySequence { return batch.examples.indices.map { $0..<$0 + 1 } }
    var offsets = batch.input.sequenceOffsets
    if batch.rows != nil {
      offsets = batch.examples.reduce(into: [0]) { offsets, sequence in
        offsets.append(offsets[offsets.count - 1] + (features(sequence).predictionRows?.count ?? 0))
      }
    }
    return zip(offsets, offsets.dropFirst()).map { $0..<$1 }
  }

  /// The ids and logits of each record's sequences, from all logits of sequences in any order.
  func sequenceLogits(_ logits: [(sequence: Int, logits: Logits)]) -> [[SequenceLogits]] {
    var records = [[SequenceLogits]](repeating: [], count: records.count)
    for (sequence, logits) in logits.sorted(by: { $0.sequence < $1.sequence }) {
      let features = features(sequence), rows = features.targets.isByRow ? nil : features.predictionRows
      records[sequences[sequence].record].append(SequenceLogits(ids: features.ids, rows: rows, logits: logits))
    }
    return records
  }

  /// The prediction for each record from the logits of all sequences, in any order.
  /// - Throws: `NotFinite` if a logit is NaN or infinite.
  func predictions(from logits: [(sequence: Int, logits: Logits)]) throws -> [Prediction] {
    try byRecord(logits).enumerated().map { task.predict(records[$0], encoded[$0], from: $1) }
  }

  /// The logits of each record, in the order of its features.
  /// - Throws: `NotFinite`.
  func byRecord(_ logits: [(sequence: Int, logits: Logits)]) throws -> [[Logits]] {
    guard logits.allSatisfy({ $0.logits.values.allSatisfy(\.isFinite) }) else { throw NotFinite() }
    let ordered = logits.sorted { $0.sequence < $1.sequence }.map(\.logits)
    var next = 0
    return encoded.map { record in
      let count = record.features.count
      defer { next += count }
      return Array(ordered[next..<next + count])
    }
  }
}
