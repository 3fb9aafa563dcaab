/// Settings of masked-language modeling, and the training task that they make.
import Encoders
import Tokenization

package struct MaskedLMSettings: Sendable, Equatable {
  package enum MaskingMode: String, CaseIterable, Sendable {
    /// New masks at every step.
    case dynamic
    /// The same masks of an example in every epoch.
    case `static`
  }

  package var masking = MaskingMode.dynamic
  package var mlmProbability = 0.15
  package var maskReplaceProb = 0.8
  package var randomReplaceProb = 0.1
  package var wholeWordMask = false
  /// Masking probability ∝ count^−mlmSmoothing; nil: equal for all tokens.
  package var mlmSmoothing: Double?

  package init() {}
}

extension MaskedLMSettings: TaskSettings {
  package func setUp(_ context: TaskContext) throws -> TaskSetup {
    let tokenizer = context.tokenizer.tokenizer
    let stores = try tokenStores(of: context.data, context.tokenizer, threads: context.threads)
    let task = MaskedLMTask(
      stores,
      try Masking(
        tokenizer, mlmProbability: mlmProbability, maskReplaceProb: maskReplaceProb,
        randomReplaceProb: randomReplaceProb, keepProb: max(0, 1 - maskReplaceProb - randomReplaceProb),
        wholeWordMask: wholeWordMask, smoothing: mlmSmoothing,
        counts: stores[.train]?.counts(vocabulary: tokenizer.count) ?? []),
      heldOut: try Masking(tokenizer), seed: context.seed, isDynamic: masking == .dynamic,
      maxTrainExamples: context.data.maxTrainExamples)
    let sizes = stores.mapValues { "\($0.count) blocks, \($0.tokens) tokens" }
    return TaskSetup(
      task: task, inference: MaskedLM(labels: []), reuseHead: true, splitSizes: sizes,
      notes: context.data.files.map { split, _ in "\(split.rawValue): \(sizes[split] ?? "")" })
  }
}
