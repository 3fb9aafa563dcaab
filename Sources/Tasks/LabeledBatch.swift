/// A labeled batch: the model's input for some examples, and the targets.
package import Encoders

package struct LabeledBatch: Sendable {
  /// Indices of the examples, in the order of the batch's sequences.
  package let examples: [Int]
  package let input: Batch
  /// The tokens whose logits are computed, increasing; nil: every token, or one row per sequence if the head classifies
  /// sequences. With `Targets.tagSequences` those of the words.
  package let rows: [Int32]?
  package let targets: Targets
  /// The loss's denominator for these targets: their number, or the sum of their class weights.
  package let weight: Float

  package init(examples: [Int], input: Batch, rows: [Int32]? = nil, targets: Targets, weight: Float) {
    self.examples = examples
    self.input = input
    self.rows = rows
    self.targets = targets
    self.weight = weight
  }

  /// The batch of some examples.
  init(_ examples: [Int], _ features: [Features], _ loss: some LossFunction) {
    var batch = Batch()
    for feature in features { batch.append(feature.ids, tokenTypeIDs: feature.tokenTypeIDs) }
    let targets = Targets.joined(features.map(\.targets))
    var rows: [Int32]?
    if case .tagSequences = targets {
      rows = zip(features, batch.sequenceOffsets).flatMap { feature, first in
        (feature.predictionRows ?? []).map { Int32(first + $0) }
      }
    }
    self.init(examples: examples, input: batch, rows: rows, targets: targets, weight: loss.weight(of: targets))
  }
}

extension LabeledBatch {
  /// This batch with logits for the rows that have a target only. A head that classifies sequences has one row per
  /// sequence in any case.
  package func withLabeledRows(_ headType: HeadType) -> LabeledBatch {
    if headType.isBySequence || !targets.isByRow { return self }
    let allRows = rows ?? Array(0..<Int32(input.count)), labeled = targets.labeled
    return LabeledBatch(
      examples: examples, input: input, rows: labeled.map { allRows[$0] }, targets: targets.selecting(labeled),
      weight: weight)
  }

  /// This batch with logits for every token.
  package func withAllRows(_ headType: HeadType) -> LabeledBatch {
    guard !headType.isBySequence, targets.isByRow, let rows else { return self }
    return LabeledBatch(
      examples: examples, input: input, targets: targets.spread(over: input.count, at: rows), weight: weight)
  }
}
