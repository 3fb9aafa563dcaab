/// Reads a recipe's task and data: the task itself, and the head that it requires.
import FoundationEssentials
public import Models
public import Tasks
import Tokenizers

public struct Work: Sendable {
  public let task: any Task
  public let headType: HeadType
  /// Names of the head's outputs; empty if they are the vocabulary.
  public let labels: [String]
  /// Whether the base model's head is reused.
  let reuseHead: Bool
  /// The size of each split, for messages and the model card: "60 sentences".
  let splitSizes: [Split: String]
  let notes: [String]
}

extension RunBuilder {
  func makeWork(_ config: ModelConfig, _ tokenizer: TextTokenizer) throws -> Work {
    switch recipe.task.type {
    case .tokenClassification: try makeTagging(config, tokenizer)
    case .maskedLM: try makeMasking(tokenizer)
    }
  }

  private func makeMasking(_ tokenizer: TextTokenizer) throws -> Work {
    let data = recipe.data, settings = recipe.task
    var stores: [Split: TokenStore] = [:]
    for (split, paths) in data.files {
      stores[split] = try TokenStore(
        paths: paths, fields: data.fields, tokenizer: tokenizer.wordPiece, maxLength: tokenizer.maxLength,
        pack: data.pack,
        threads: threads)
    }
    for (split, store) in stores where !store.hasMaskableTokens(tokenizer.wordPiece) {
      throw RunFault.noWords(
        file: recipe.data.files.first { $0.split == split }?.paths.joined(separator: ", ") ?? "")
    }
    let task = MaskedLMTask(
      stores,
      try Masking(
        tokenizer.wordPiece, mlmProbability: settings.mlmProbability, maskReplaceProb: settings.maskReplaceProb,
        randomReplaceProb: settings.randomReplaceProb,
        keepProb: max(0, 1 - settings.maskReplaceProb - settings.randomReplaceProb),
        wholeWordMask: settings.wholeWordMask, smoothing: settings.mlmSmoothing,
        counts: stores[.train]?.counts(vocabulary: tokenizer.wordPiece.count) ?? []),
      heldOut: try Masking(tokenizer.wordPiece), seed: UInt64(recipe.seed), isDynamic: settings.masking == .dynamic,
      maxTrainExamples: data.maxTrainExamples)
    let sizes = stores.mapValues { "\($0.count) blocks, \($0.tokens) tokens" }
    return Work(
      task: task, headType: .maskedLM, labels: [], reuseHead: true, splitSizes: sizes,
      notes: data.files.map { split, _ in "\(split.rawValue): \(sizes[split] ?? "")" })
  }
}
