/// Masked language modeling: predicts the masked tokens in blocks of running text (Devlin et al. 2019 §3.1).
package import Encoders
import Files
import Glibc

package struct MaskedLMTask: Task {
  private let splits: [Split: TokenStore]
  private let masking, heldOutMasking: Masking
  private let seed: UInt64
  private let isDynamic: Bool
  package let lengths: [Int]

  /// Masks of held-out text do not depend on a run's seed, so that the scores of runs can be compared.
  private static let heldOutSeed: UInt64 = 42

  /// - Parameters:
  ///   - heldOut: the masking of dev and test; nil for that of the training text. Its seed is always 42.
  ///   - isDynamic: whether a training block is masked differently at every step. Held-out masks never change.
  ///   - maxTrainExamples: number of training blocks to use, from the first; nil for all.
  package init(
    _ splits: [Split: TokenStore], _ masking: Masking, heldOut: Masking? = nil, seed: UInt64, isDynamic: Bool = true,
    maxTrainExamples: Int? = nil
  ) {
    self.splits = splits
    self.masking = masking
    self.heldOutMasking = heldOut ?? masking
    self.seed = seed
    self.isDynamic = isDynamic
    let lengths = splits[.train]?.lengths ?? []
    self.lengths = maxTrainExamples.map { Array(lengths.prefix($0)) } ?? lengths
  }

  package func hasTargets(_ example: Int) -> Bool { splits[.train]?.hasMaskableTokens(example) ?? false }

  package func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    // Static masks use step -1, which no training step has.
    splits[.train].map { batch($0, examples, masking, key: (seed, isDynamic ? step : -1)) }
      ?? LabeledBatch(examples: [], input: Batch(), targets: .classes([]), weight: 0)
  }

  private func batch(
    _ store: TokenStore, _ blocks: [Int], _ masking: Masking, key: (seed: UInt64, step: Int)
  ) -> LabeledBatch {
    var batch = Batch(), rows: [Int32] = [], targets: [Int32] = []
    for block in blocks {
      let masked = masking(store[block], key: (key.seed, key.step, block))
      for (index, target) in masked.targets.enumerated() where target >= 0 {
        rows.append(Int32(batch.count + index))
        targets.append(target)
      }
      batch.append(masked.input)
    }
    return LabeledBatch(
      examples: blocks, input: batch, rows: rows, targets: .classes(targets), weight: Float(targets.count))
  }

  package func describe(example: Int) -> String { "block \(example + 1) of \(lengths.count)" }

  package func tokens(in split: Split) -> Int {
    split == .train ? lengths.reduce(0, +) : splits[split]?.tokens ?? 0
  }

  package var varyingInput: VaryingInput? {
    isDynamic ? VaryingInput(cause: "with dynamic masking", advice: "Set task.masking to \"static\"") : nil
  }

  package func evaluate(
    _ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap
  ) throws -> Evaluation? {
    guard let store = splits[split] else { return nil }
    let results = try Inference(model, adapters).run(
      lengths: store.lengths, map,
      batch: { batch(store, $0, heldOutMasking, key: (Self.heldOutSeed, -1)) }
    ) { batch, logits, pass in
      let tokens = argmaxRows(logits).map(\.label)
      let correct = zip(tokens, classes(of: batch)).count { $0 == Int($1) }
      return BatchOutput(
        sums: [self.loss(of: logits, batch.targets, nil, norm: 1, pass), Double(correct)], tokens: tokens)
    }
    func sum(_ index: Int) -> Double { results.reduce(0) { $0 + $1.output.sums[index] } }
    let (sum, correct) = (sum(0), sum(1)), tokens = results.flatMap(\.output.tokens), count = tokens.count
    guard sum.isFinite else { throw NotFinite() }
    let loss = sum / Double(max(count, 1)), accuracy = correct / Double(max(count, 1))
    // JSON has no infinity.
    let perplexity = min(exp(loss), .greatestFiniteMagnitude)
    return Evaluation(
      loss: loss, values: ["loss": loss, "perplexity": perplexity, "accuracy": accuracy],
      json: [
        "loss": .double(loss), "perplexity": .double(perplexity), "accuracy": .double(accuracy),
        "masked_tokens": .int(count), "window": ["max_length": .int(store.maxLength), "pack": .bool(store.pack)],
      ], tokens: tokens)
  }

  private func classes(of batch: LabeledBatch) -> [Int32] {
    if case .classes(let classes) = batch.targets { classes } else { [] }
  }
}
