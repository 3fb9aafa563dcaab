/// Shared by tests of masked-language modeling: a text of words from the fixture's vocabulary, its models, and a step.
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import Tasks
import TestSupport
import Tokenization

@testable import Training

struct MaskedBench {
  let folder = TemporaryFolder()
  let tokenizer: WordPiece
  let store: TokenStore

  /// Documents of 5 to 40 words, in blocks of 20 tokens.
  init(documents: Int = 60) throws {
    try Processor.initialize()
    tokenizer = try WordPiece(folder: fixture("distillation/teacher"))
    let words = tokenizer.tokens.filter { !$0.hasPrefix("[") && !$0.hasPrefix("##") }
    let lines = (0..<documents).map { line in
      (0..<5 + line * 7 % 36).map { words[(line * line * 31 + $0 * $0 * 7 + $0) % words.count] }.joined(separator: " ")
    }
    try writeFile(lines.joined(separator: "\n"), to: folder.path + "/text.txt")
    store = try TokenStore(paths: [folder.path + "/text.txt"], tokenizer: tokenizer, maxLength: 20, threads: 2)
  }

  func task(seed: UInt64 = 3, isDynamic: Bool = true, limit: Int? = nil) throws -> MaskedLMTask {
    MaskedLMTask(
      [.train: store, .dev: store], try Masking(tokenizer), seed: seed, isDynamic: isDynamic, maxTrainExamples: limit)
  }

  /// The fixture's model of this name, with this dropout.
  static func model(_ name: String, dropout: Double = 0) throws -> TextModel {
    let folder = fixture("distillation/" + name)
    var config = try ModelConfig(folder: folder)
    (config.dropout, config.attentionDropout) = (dropout, dropout)
    return try TextModel(config, Checkpoint(folder: folder), headType: .maskedLM, classes: 0, reuseHead: true, seed: 0)
  }
}

/// The losses of one step by term, and its gradients.
func step(
  _ batches: [LabeledBatch], _ objective: any Objective, _ task: any Task, _ model: TextModel, threads: Int = 1
) -> (losses: [Double], gradients: [Float]) {
  let table = ParameterTable(training: model.parameters + objective.parameters), total = Gradients(table)
  let totals = BatchTotals(batches)
  let losses = Replicas(threads: threads).sum(shards: batches.count, into: total) { shard, workspace, gradients in
    let pass = Pass(workspace, gradients: gradients, randomKey: RandomKey(seed: 1, step: 2, shard: shard))
    return objective.losses(model, adapters: .none, task, batches[shard], totals: totals, pass)
  }
  return (losses, Array(UnsafeBufferPointer(start: total.pointer, count: total.count)))
}
