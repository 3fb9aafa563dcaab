/// What a recipe's task and data come to: the task itself, and what the model must be for it.
import FoundationEssentials
public import Models
public import Tasks
import Tokenizers

public struct Work: Sendable {
  public let task: any Task
  public let headType: HeadType
  /// Names of the head's outputs; none where they are the vocabulary.
  public let labels: [String]
  /// Whether the base's own head may serve.
  let reuseHead: Bool
  /// How much each split holds, in words.
  let amounts: [Split: String]
  let notes: [String]
}

extension RunBuilder {
  func makeWork(_ config: ModelConfig, _ encoder: TextTokenizer) throws -> Work {
    switch recipe.task.type {
    case .tokenClassification: try makeTagging(config, encoder)
    case .maskedLM: try makeMasking(encoder)
    }
  }

  private func makeMasking(_ encoder: TextTokenizer) throws -> Work {
    let data = recipe.data, settings = recipe.task
    var stores: [Split: TokenStore] = [:]
    for (split, paths) in data.files {
      stores[split] = try TokenStore(
        paths: paths, fields: data.fields, tokenizer: encoder.tokenizer, maxLength: encoder.maxLength, pack: data.pack,
        threads: threads)
    }
    for (split, store) in stores where !store.hasWords(of: encoder.tokenizer) {
      throw RunFault.noWords(
        file: recipe.data.files.first { $0.split == split }?.paths.joined(separator: ", ") ?? "")
    }
    let task = MaskedLMTask(
      stores,
      try Masking(
        encoder.tokenizer, probability: settings.mlmProbability, mask: settings.maskReplaceProb,
        random: settings.randomReplaceProb, keep: max(0, 1 - settings.maskReplaceProb - settings.randomReplaceProb),
        wholeWord: settings.wholeWordMask, smoothing: settings.mlmSmoothing,
        counts: stores[.train]?.counts(vocabulary: encoder.tokenizer.count) ?? []),
      heldOut: try Masking(encoder.tokenizer), seed: UInt64(recipe.seed), isDynamic: settings.masking == .dynamic,
      most: data.maxTrainExamples)
    let amounts = stores.mapValues { "\($0.count) blocks, \($0.tokens) tokens" }
    return Work(
      task: task, headType: .maskedLM, labels: [], reuseHead: true, amounts: amounts,
      notes: data.files.map { split, _ in "\(split.rawValue): \(amounts[split] ?? "")" })
  }
}
