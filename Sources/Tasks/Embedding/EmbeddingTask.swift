/// Training of text embedding: examples are groups of texts, whose vectors the loss of a batch compares.
package import Autograd
package import Datasets
package import Encoders

package struct EmbeddingTask: Task {
  private let records: (any Dataset)?
  /// The texts of each training example.
  private let examples: [[Features]]
  private let scores: [Float?]
  private let loss: EmbeddingLoss
  /// Texts per mini-batch of a cached batch; nil: batches are not cached.
  private let miniBatchSize: Int?
  /// Training records with a text that is cut.
  private let cutCount: Int
  /// Of dev and test.
  private let evaluation: RecordTask

  /// - Parameters:
  ///   - train: records with one text (SimCSE), or several.
  ///   - evaluation: scored pairs.
  package init(
    _ inference: Embedding, train: (any Dataset)? = nil, evaluation: [Split: any Dataset], _ tokenizer: TextTokenizer,
    loss: EmbeddingLoss = EmbeddingLoss(.simCSE), miniBatchSize: Int? = nil
  ) {
    let encode = inference.encoder(tokenizer)
    (records, self.loss, self.miniBatchSize) = (train, loss, miniBatchSize)
    let all = (0..<(train?.count ?? 0)).compactMap { train?[$0] }
    let encoded = all.map(encode)
    examples = encoded.map { loss.kind == .simCSE ? $0.features + $0.features : $0.features }
    cutCount = encoded.count { $0.cutTokens > 0 }
    scores = all.map { $0.value.map { Float($0) } }
    self.evaluation = RecordTask(inference, splits: evaluation, tokenizer: tokenizer, loss: UnscoredVectors())
  }

  package var lengths: [Int] { examples.map { $0.reduce(0) { $0 + $1.ids.count } } }

  /// Texts per example.
  private var width: Int { examples.first?.count ?? 1 }

  package var batchLoss: BatchLoss {
    .ofWholeBatch(miniBatchSize: miniBatchSize.map { max(1, $0 / width) })
  }

  package func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    let groups = examples.map { TextGroup(count: Int32(self.examples[$0].count), score: scores[$0]) }
    var input = Batch()
    for text in examples.flatMap({ self.examples[$0] }) { input.append(text.ids, tokenTypeIDs: text.tokenTypeIDs) }
    return LabeledBatch(
      examples: examples, input: input, targets: .texts(groups), weight: loss.weight(of: .texts(groups)))
  }

  package func loss(
    of vectors: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass
  ) -> Double {
    loss(vectors, targets, norm: norm, pass)
  }

  package func divergence(
    _ vectors: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float,
    _ pass: Pass
  ) -> Double {
    loss.divergence(vectors, targets, from: teacher, temperature: temperature, scale: scale, pass)
  }

  package func tokens(in split: Split) -> Int {
    split == .train ? lengths.reduce(0, +) : evaluation.tokens(in: split)
  }

  package func evaluate(
    _ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap
  ) throws -> Evaluation? {
    try evaluation.evaluate(model, adapters: adapters, on: split, map)
  }

  package func records(in split: Split) -> (any Dataset)? { split == .train ? records : evaluation.records(in: split) }

  package func describe(example: Int) -> String { records?[example].source?.description ?? "record \(example + 1)" }

  /// Records of a split with a text that is longer than the model's window.
  func cutCount(_ split: Split) -> Int { split == .train ? cutCount : evaluation.sizes(split).cut }
}
