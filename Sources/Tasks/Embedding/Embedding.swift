/// Text embedding: a vector for each text, such that similar texts have vectors of a similar direction.
package import Datasets
package import Encoders
package import Files

package struct Embedding: RecordInference {
  package static let name = "embedding"
  package static let headType = HeadType.embedding
  package static let labelKind = LabelKind.number
  package static let metrics: [Metric] = SimilarityScore.metrics + [.loss]
  package static let description = TaskDescription(
    pipeline: "sentence-similarity", purpose: "text embedding", record: "record", autoModel: "AutoModel",
    use: "turns texts into vectors, whose cosine says how similar the texts are",
    scoring: "Spearman's and Pearson's correlation of the cosine similarities with the scores are scipy's.")

  package let pooling: Pooling
  package var labels: [String] { [] }
  package var readsWindows: Bool { false }
  package var headLayers: HeadLayers {
    var layers = HeadLayers()
    layers.pooling = pooling
    return layers
  }

  private enum CodingKeys: String, CodingKey { case pooling, normalize }

  package init(_ pooling: Pooling) { self.pooling = pooling }
  package init(labels: [String]) { self.init(Pooling()) }

  package init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: CodingKeys.self)
    pooling = Pooling(
      try file.decode(Pooling.Mode.self, forKey: .pooling),
      normalizes: try file.decodeIfPresent(Bool.self, forKey: .normalize) ?? false)
  }

  package func encode(to encoder: any Encoder) throws {
    var file = encoder.container(keyedBy: CodingKeys.self)
    try file.encode(pooling.mode, forKey: .pooling)
    try file.encode(pooling.normalizes, forKey: .normalize)
  }

  /// What sentence-transformers needs beside the model.
  package func sentenceTransformersFolder(_ tokenizer: TextTokenizer) -> SentenceTransformersFolder {
    SentenceTransformersFolder(pooling, maxLength: tokenizer.maxLength)
  }

  package func check(_ record: Record) {}

  /// One sequence for each text.
  package func encode(_ record: Record, _ tokenizer: TextTokenizer) -> EncodedRecord {
    let texts = record.texts.map { tokenizer.encode($0) }
    return EncodedRecord(
      texts.map { Features(ids: $0.ids, tokenTypeIDs: $0.tokenTypeIDs, targets: .texts([TextGroup(count: 1)])) },
      cutTokens: texts.map(\.truncated).max() ?? 0)
  }

  package func predict(_ record: Record, _ encoded: EncodedRecord, from logits: [Logits]) -> Prediction {
    .vectors(logits.map { Array($0[0]) })
  }

  package func examples(_ records: some Dataset, _ predictions: [Prediction]) throws -> any ScoredExamples {
    similarities(records, predictions)
  }

  private func similarities(_ records: some Dataset, _ predictions: [Prediction]) -> SimilarityExamples {
    SimilarityExamples(
      gold: predictions.indices.map { records[$0].value ?? 0 }, predicted: predictions.map { $0.similarity ?? 0 })
  }

  /// That of CoSENT, in which the scale of the scores does not matter.
  package func loss(_ records: some Dataset, _ predictions: [Prediction]) -> Double? {
    similarities(records, predictions).coSENT
  }

  package var evaluationLoss: any LossFunction { UnscoredVectors() }
  package func unknownLabelNote(_ records: any Dataset) -> String? { nil }
  package func gold(of record: Record) -> JSON { record.value.map(JSON.double) ?? .null }

  package func makeEvaluation(
    of data: TaskData, _ tokenizer: TextTokenizer, threads: Int
  ) throws -> (task: any Task, notes: [String]) {
    let scored = try data.scoredPairs
    var splits: [Split: any Dataset] = [:]
    for (split, _) in scored.files { splits[split] = try scored.records(split) }
    return (EmbeddingTask(self, evaluation: splits, tokenizer), [])
  }
}

extension TaskData {
  /// The data as scored pairs, as evaluations have them.
  /// - Throws: `TaskFault.noPairs`.
  var scoredPairs: TaskData {
    get throws(TaskFault) {
      let data = with { $0.negatives = [] }
      if (data.format as? TableDataFormat)?.columns.textPair == nil { throw .noPairs }
      return data
    }
  }

  /// The same files with other columns.
  func with(_ change: (inout RecordColumns) -> Void) -> TaskData {
    guard var table = format as? TableDataFormat else { return self }
    change(&table.columns)
    return TaskData(
      files: files, format: table, maxTrainExamples: maxTrainExamples, maxDevExamples: maxDevExamples)
  }
}
