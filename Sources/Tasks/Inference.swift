/// The one path from features to logits and predictions: evaluation, prediction and the estimate of a dry run use it.
package import Autograd
package import Datasets
package import Encoders

/// A model with the adapters of some rows, without gradients.
package struct Inference: Sendable {
  private let model: TextModel
  private let adapters: RowAdapters

  package init(_ model: TextModel, _ adapters: RowAdapters) {
    self.model = model
    self.adapters = adapters
  }

  /// Runs the model over sequences, in batches of similar length.
  /// - Parameters:
  ///   - lengths: tokens of each sequence.
  ///   - batch: makes the batch of some sequences.
  ///   - body: gets each batch's logits, which it may overwrite.
  /// - Returns: the sequences of each batch and its output, in an order that does not depend on threads and ranks.
  package func run(
    lengths: [Int], _ map: ParallelMap, batch: @escaping @Sendable ([Int]) -> LabeledBatch,
    _ body: @escaping @Sendable (LabeledBatch, Tensor, Pass) -> BatchOutput
  ) rethrows -> [(sequences: [Int], output: BatchOutput)] {
    let batches = lengthGroups(lengths: lengths, tokens: 512)
    let outputs = try map(batches.count) { index, workspace in
      let batch = batch(batches[index]), pass = Pass(workspace)
      return body(batch, model(batch.input, adapters: adapters, rows: batch.rows, pass), pass)
    }
    return zip(batches, outputs).map { ($0, $1) }
  }

  /// The predictions for records, and their sequences' ids and logits if `keepsLogits`.
  /// - Throws: `NotFinite` if a logit is NaN or infinite, as with damaged weights.
  package func predict(
    _ records: some Dataset, _ task: any RecordInference, _ tokenizer: TextTokenizer, keepsLogits: Bool = false,
    _ parallelFor: ParallelFor
  ) throws -> [(prediction: Prediction, sequences: [SequenceLogits])] {
    let part = MixedInference.Part(
      model: model, set: adapters.single, records: records, task: task, tokenizer: tokenizer)
    return try MixedInference([part], encoder: model, keepsLogits: keepsLogits).predict(parallelFor)[0]
  }

  /// The prediction for one record, with the record's features and the logits that the prediction is decoded from.
  /// - Throws: `NotFinite`.
  package func answer(
    _ record: Record, _ task: any RecordInference, _ tokenizer: TextTokenizer, _ workspace: Workspace
  ) throws -> (encoded: EncodedRecord, logits: [Logits], prediction: Prediction) {
    let split = EncodedSplit([record], task, tokenizer), loss = task.evaluationLoss
    let transitions = adapters.outputLayers(of: model).chain.map(TransitionScores.init)
    let logits = try split.byRecord(
      split.lengths.indices.flatMap { sequence in
        let batch = split.batch([sequence], loss), pass = Pass(workspace)
        return split.predictionLogits(
          batch, model(batch.input, adapters: adapters, rows: batch.rows, pass), transitions)
      })[0]
    return (split.encoded[0], logits, task.predict(record, split.encoded[0], from: logits))
  }
}

/// The token ids and all logits of one sequence.
package struct SequenceLogits: Sendable {
  package let ids: [Int32]
  /// The tokens that have logits; nil: all.
  package let rows: [Int]?
  package let logits: Logits
}
