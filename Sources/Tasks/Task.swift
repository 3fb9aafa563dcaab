/// What the trainer requires of a task: training examples as batches, the loss, and the evaluation of a split.
package import Autograd
package import Datasets
package import Encoders
package import Files

package enum Split: String, Sendable, CaseIterable { case train, dev, test }

/// The result of an evaluation.
package struct Evaluation: Sendable {
  /// Mean loss over the split's targets.
  package let loss: Double
  /// The values of the task's metrics, by name.
  package let values: [String: Double]
  /// All results, for result.json.
  package let json: JSON
  /// The scored examples; nil: the metrics have no intervals.
  package let scored: ScoredSplit?
  /// Makes one object per record, in the file's order: id, file, gold, predicted, scores. None for a task without records.
  package let predictions: @Sendable () -> [JSON]
  /// Of masked-language modeling the most probable token of each masked one, in an order that depends on the file alone.
  package let tokens: [Int]

  package init(
    loss: Double, values: [String: Double], json: JSON, scored: ScoredSplit? = nil,
    predictions: @escaping @Sendable () -> [JSON] = { [] }, tokens: [Int] = []
  ) {
    self.loss = loss
    self.values = values
    self.json = json
    self.scored = scored
    self.predictions = predictions
    self.tokens = tokens
  }
}

/// How the loss of a batch comes from its examples.
package enum BatchLoss: Sendable, Equatable {
  /// It is the sum of their losses, so that each shard computes its own.
  case ofExamples
  /// It compares them, so that all outputs are computed before any gradient. With a size the batch is cached, in mini-batches
  /// of this many examples.
  case ofWholeBatch(miniBatchSize: Int?)

  /// Whether forward passes are repeated instead of kept.
  package var isCached: Bool { if case .ofWholeBatch(.some) = self { true } else { false } }
}

package protocol Task: Sendable {
  /// Tokens of each training example.
  var lengths: [Int] { get }
  /// The same, perhaps not counted yet.
  var sequenceLengths: SequenceLengths { get }
  /// Whether a training example has a target. One without adds nothing to the task's loss.
  func hasTargets(_ example: Int) -> Bool
  /// The batch of some training examples at a step. Anything random in it is a function of the step and the example.
  func batch(_ examples: [Int], at step: Int) -> LabeledBatch
  var batchLoss: BatchLoss { get }
  /// The loss divided by `norm`, the weight of the whole batch's targets. Sets the gradient of the logits.
  /// - Parameter chain: the transitions of the head's CRF; nil: it has none.
  func loss(of logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass) -> Double
  /// `scale` times how far the logits are from a teacher's, summed over the rows. Sets the gradient of the logits.
  func divergence(
    _ logits: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
  ) -> Double
  /// The task with what the model's outputs on dev decide, such as thresholds; nil: nothing.
  func fitted(_ model: TextModel, adapters: RowAdapters, _ map: ParallelMap) throws -> FittedTask?
  /// Number of tokens that an evaluation of the split processes; 0 if there is no such file.
  func tokens(in split: Split) -> Int
  /// Metrics of a split, or nil if there is no such file; of dev with what its outputs decide.
  func evaluate(
    _ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap
  ) throws -> Evaluation?
  /// The records of a split; nil if there is no such file, or for a task without records.
  func records(in split: Split) -> (any Dataset)?
  /// The source of a training example, for messages.
  func describe(example: Int) -> String
  /// Why an example's input differs from step to step, so that nothing computed from it can be cached; nil: it is the
  /// same at every step.
  var varyingInput: VaryingInput? { get }
}

/// A task that has seen dev, what it saves, and its evaluation there.
package struct FittedTask: Sendable {
  package let task: any Task
  package let inference: any TaskInference
  package let evaluation: Evaluation
}

/// Why an example's input differs from step to step, and the setting that prevents it.
package struct VaryingInput: Sendable {
  /// "with dynamic masking"
  package let cause: String
  /// "Set task.masking to "static""
  package let advice: String
}

extension Task {
  package var sequenceLengths: SequenceLengths { SequenceLengths(lengths) }
  package func hasTargets(_ example: Int) -> Bool { true }
  package var batchLoss: BatchLoss { .ofExamples }
  package func describe(example: Int) -> String { "training example \(example + 1)" }
  package var varyingInput: VaryingInput? { nil }
  package func records(in split: Split) -> (any Dataset)? { nil }

  package func fitted(
    _ model: TextModel, adapters: RowAdapters, _ map: ParallelMap
  ) throws -> FittedTask? { nil }

  package func divergence(
    _ logits: Tensor, _ targets: Targets, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
  ) -> Double {
    ClassificationLoss().divergence(logits, targets, from: teacher, temperature: temperature, scale: scale, pass)
  }

  /// For a task without held-out text.
  package func tokens(in split: Split) -> Int { split == .train ? lengths.reduce(0, +) : 0 }

  package func loss(
    of logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass
  ) -> Double {
    ClassificationLoss()(logits, targets, norm: norm, pass)
  }
}
