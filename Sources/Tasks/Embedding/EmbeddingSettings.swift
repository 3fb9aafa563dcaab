/// Settings of text embedding, and what a run needs for it.
import Datasets
package import Encoders

package struct EmbeddingSettings: Sendable, Equatable {
  package var loss = EmbeddingLoss(.multipleNegativesRanking)
  /// nil: that of the base's folder of sentence-transformers, or the mean.
  package var pooling: Pooling.Mode?
  /// nil: whether the base's folder of sentence-transformers does.
  package var normalizes: Bool?
  /// Texts per mini-batch of a cached batch; nil: batches are not cached.
  package var miniBatchSize: Int?

  package init() {}
}

extension EmbeddingSettings: TaskSettings {
  package func setUp(_ context: TaskContext) throws -> TaskSetup {
    let isGiven = pooling != nil && normalizes != nil
    let stated = isGiven ? nil : try context.base.flatMap { try SentenceTransformersFolder($0) }
    let pooling = Pooling(
      self.pooling ?? stated?.pooling.mode ?? .mean, normalizes: normalizes ?? stated?.pooling.normalizes ?? false)
    let train = try trainingRecords(context.data)
    let hasEvaluation = context.data.files.contains { $0.split != .train }
    let scored = hasEvaluation ? try context.data.scoredPairs : context.data
    var evaluation: [Split: any Dataset] = [:]
    for (split, _) in scored.files where split != .train { evaluation[split] = try scored.records(split) }
    let inference = Embedding(pooling)
    let task = EmbeddingTask(
      inference, train: train, evaluation: evaluation, context.tokenizer, loss: loss, miniBatchSize: miniBatchSize)
    let sizes = evaluation.merging(train.map { [.train: $0] } ?? [:]) { first, _ in first }
    return TaskSetup(
      task: task, inference: inference, reuseHead: true, splitSizes: sizes.mapValues { "\($0.count) records" },
      notes: [poolingNote(pooling, stated, context.base)] + cutNotes(task, context.tokenizer))
  }

  /// Texts for SimCSE, and groups of texts for other losses.
  private func trainingRecords(_ data: TaskData) throws -> (any Dataset)? {
    let kind = loss.kind
    let records = try data.with { columns in
      if kind == .simCSE { columns.textPair = nil }
      if kind != .multipleNegativesRanking { columns.negatives = [] }
      if !kind.readsScores { columns.label = nil }
    }.records(.train)
    return records.map { records in
      data.maxTrainExamples.map { PrefixDataset(records, maxCount: $0) } ?? records
    }
  }

  private func poolingNote(_ pooling: Pooling, _ stated: SentenceTransformersFolder?, _ base: String?) -> String {
    let source = pooling == stated?.pooling ? ", as \(base ?? "")/modules.json says" : ""
    return
      "a text's vector is \(pooling.mode == .mean ? "the mean of its tokens' hidden states" : "the hidden state of its first token")"
      + (pooling.normalizes ? ", normalized" : "") + source
  }

  private func cutNotes(_ task: EmbeddingTask, _ tokenizer: TextTokenizer) -> [String] {
    Split.allCases.compactMap { split in
      let cut = task.cutCount(split)
      return cut == 0
        ? nil
        : "\(split.rawValue): \(cut) records have texts that are longer than \(tokenizer.maxLength) tokens and are cut"
          + tokenizer.unusedLength
    }
  }
}
