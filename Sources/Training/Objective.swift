/// What a training step minimizes: the protocol, its normalizers, and the task's plain loss.
package import Autograd
package import Encoders
package import Tasks

/// Totals over all shards of a batch. Losses are divided by them, so that the shards' losses add up to the mean.
package struct BatchTotals: Sendable, Equatable {
  package let tokens: Int
  /// Attention scores of one head: the sum of the squared sequence lengths.
  package let scores: Int
  /// Rows of logits: all tokens, or the words that a head reads.
  package let rows: Int
  /// Rows of logits with a target.
  package let labeled: Int
  /// The sum of the targets' weights.
  package let weight: Float

  package init(_ batches: [LabeledBatch]) {
    tokens = batches.reduce(0) { $0 + $1.input.count }
    scores = batches.reduce(0) { sum, batch in
      zip(batch.input.sequenceOffsets.dropFirst(), batch.input.sequenceOffsets).reduce(sum) {
        $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
      }
    }
    rows = batches.reduce(0) { $0 + ($1.targets.isByRow ? $1.input.count : $1.rows?.count ?? $1.input.count) }
    labeled = batches.reduce(0) { $0 + $1.targets.labeledRowCount }
    weight = batches.reduce(0) { $0 + $1.weight }
  }
}

package protocol Objective: Sendable {
  /// Names of the loss terms; empty for a loss with a single term.
  var terms: [String] { get }
  /// Trainable parameters of the objective itself, such as distillation's projections.
  var parameters: [Parameter] { get }
  /// Whether the loss reads hidden states of the model below `state`: 0 is the embeddings' output, k that of the k-th
  /// block.
  func comparesHiddenStates(below state: Int, of model: TextModel) -> Bool
  /// Whether an example without a target adds nothing to the loss, so that it is not trained on.
  var requiresTargets: Bool { get }
  /// Runs forward and backward for one shard of a step's batch.
  /// - Parameters:
  ///   - adapters: of the trained model.
  ///   - totals: of all shards of the step.
  /// - Returns: the batch's summands of each term of the batch's loss, or of the loss if `terms` is empty.
  func losses(
    _ model: TextModel, adapters: RowAdapters, _ task: any Task, _ batch: LabeledBatch, totals: BatchTotals,
    _ pass: Pass
  ) -> [Double]
}

extension Objective {
  package func comparesHiddenStates(below state: Int, of model: TextModel) -> Bool { false }
  package var requiresTargets: Bool { true }
}

/// The task's own loss.
package struct TaskLoss: Objective {
  package init() {}

  package var terms: [String] { [] }
  package var parameters: [Parameter] { [] }

  package func losses(
    _ model: TextModel, adapters: RowAdapters, _ task: any Task, _ batch: LabeledBatch, totals: BatchTotals,
    _ pass: Pass
  ) -> [Double] {
    let logits = model(batch.input, adapters: adapters, rows: batch.rows, pass)
    let loss = task.loss(
      of: logits, batch.targets, adapters.outputLayers(of: model).chain, norm: totals.weight, pass)
    pass.backward()
    return [loss]
  }
}
