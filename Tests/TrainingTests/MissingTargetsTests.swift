/// Tests that examples without a target take no update: windows that own no word, blocks of [UNK], unlabeled batches.
import Autograd
import Datasets
import Encoders
import Files
import Kernels
import TestSupport
import Testing
import Tokenization

@testable import Tasks
@testable import Training

/// `Toy` with examples without a target before every third one.
private struct PartlyLabeled: Task {
  let toy = Toy(count: 30)
  /// The toy's example; nil: without a target.
  let examples: [Int?] = (0..<30).flatMap { $0 % 3 == 0 ? [nil, $0] : [$0] }

  var lengths: [Int] { examples.map { $0.map { toy.lengths[$0] } ?? 11 } }
  func hasTargets(_ example: Int) -> Bool { examples[example] != nil }
  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    toy.batch(examples.compactMap { self.examples[$0] }, at: step)
  }
  func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap) -> Evaluation? { nil }
}

@Test(arguments: [Batcher.Size.examples(1), .examples(7), .tokens(60)])
func `examples without a target change no byte of a run`(_ size: Batcher.Size) throws {
  let benches = try ([Toy(count: 30), PartlyLabeled()] as [any Task]).map { task in
    try Bench(lora: true, threads: 2, task: task) { ($0.batchSize, $0.optimizer.weightDecay) = (size, 0.1) }
  }
  let results = try benches.map { try $0.run() }
  #expect(benches[0].table.values == benches[1].table.values)
  #expect(results[0].steps == results[1].steps && results[0].tokens == results[1].tokens)
  #expect(benches.map(\.trainer.untrainedExampleCount) == [0, 10] && benches[1].trainer.exampleCount == 40)
}

private struct Unlabeled: Task {
  let lengths = [5, 6]
  func hasTargets(_ example: Int) -> Bool { false }
  func batch(_ examples: [Int], at step: Int) -> LabeledBatch { Toy().batch(examples, at: step) }
  func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap) -> Evaluation? { nil }
}

@Test func `training data without any target are an error`() throws {
  let error = #expect(throws: TrainingFault.self) { try Bench(lora: true, threads: 1, task: Unlabeled()) }
  #expect(error?.description == "The training file has no examples with a target.")
}

@Test func `a window that owns no word has no target`() throws {
  let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b"]
  let config = try ModelConfig(json: ["vocab_size": 8], file: "config.json")
  let tokenizer = try TextTokenizer(WordPiece(vocabulary: tokens, lowercase: true), config, maxLength: 12, stride: 3)
  // The second and the third window end before the tenth word, and the first window owns the eighth and ninth.
  let words = Array(repeating: "a", count: 8) + ["bb", "bbbbbbbbb"]
  let records = [
    Record(id: "1", words: words, tags: Array(repeating: "B-X", count: 10)), Record(id: "2", words: ["a"], tags: ["O"]),
  ]
  let task = try RecordTask(
    TokenClassification(labels: ["O", "B-X"]), splits: [.train: records], tokenizer: tokenizer,
    loss: ClassificationLoss())
  #expect(task.lengths == [12, 5, 4, 11, 3])
  #expect((0..<5).map(task.hasTargets) == [true, false, false, true, true])
  let bench = try Bench(lora: false, threads: 1, task: task) { $0.batchSize = .examples(1) }
  #expect(bench.trainer.untrainedExampleCount == 2 && bench.trainer.steps == 6)
}

@Test func `a block of unknown words is not trained on, unless a teacher answers for it`() throws {
  let bench = try MaskedBench(), folder = TemporaryFolder()
  let unknown = Array(repeating: "\u{4E00}", count: 18).joined(separator: " ")
  let words = bench.tokenizer.tokens.filter { !$0.hasPrefix("[") && !$0.hasPrefix("##") }.prefix(18)
  let lines = [unknown, words.joined(separator: " "), unknown, words.reversed().joined(separator: " ")]
  try writeFile(lines.joined(separator: "\n"), to: folder.path + "/t.txt")
  let store = try TokenStore(
    paths: [folder.path + "/t.txt"], tokenizer: bench.tokenizer, maxLength: 20, pack: false, threads: 1)
  let task = MaskedLMTask([.train: store], try Masking(bench.tokenizer), seed: 1)
  #expect((0..<store.count).map(task.hasTargets) == [false, true, false, true])

  let model = try MaskedBench.model("student"), table = ParameterTable(training: model.parameters)
  var settings = TrainingSettings()
  (settings.duration, settings.batchSize) = (.epochs(2), .examples(1))
  func trainer(_ objective: any Objective) throws -> Trainer {
    try Trainer(model, task, table, settings, Replicas(threads: 1), objective: objective)
  }
  let plain = try trainer(TaskLoss())
  #expect(plain.steps == 4 && plain.untrainedExampleCount == 2)
  var losses: [Double] = []
  _ = try plain.run(shouldStop: { false }) { if case .step(let record) = $0 { losses.append(record.loss) } }
  #expect(losses.count == 4 && losses.allSatisfy { $0 > 0 })

  let teacher = Teacher(try MaskedBench.model("teacher"))
  var terms = DistillationSettings()
  (terms.klTokens, terms.cosineWeight) = (.all, 0)
  let distillation = Distillation(terms, teachers: [teacher], student: model, seed: 0)
  #expect(try trainer(distillation).steps == 8)
  let update = step([task.batch([0], at: 0)], distillation, task, model)
  #expect(update.gradients.contains { $0 != 0 } && update.losses[0] > 0)
}

@Test func `distillation requires targets unless it compares all tokens or hidden states`() throws {
  let model = try MaskedBench.model("student")
  func requiresTargets(_ change: (inout DistillationSettings) -> Void) -> Bool {
    var terms = DistillationSettings()
    (terms.klTokens, terms.cosineWeight) = (.labeled, 0)
    change(&terms)
    return Distillation(terms, teachers: [], student: model, seed: 0).requiresTargets
  }
  #expect(TaskLoss().requiresTargets && requiresTargets { _ in })
  #expect(requiresTargets { ($0.klTokens, $0.klWeight) = (.all, 0) })
  #expect(!requiresTargets { $0.klTokens = .all } && !requiresTargets { $0.cosineWeight = 1 })
  #expect(!requiresTargets { $0.hiddenWeight = 1 } && !requiresTargets { $0.relationWeight = 1 })
}
