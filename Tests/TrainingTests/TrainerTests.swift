/// Tests the training loop: determinism, snapshots, early stopping, accumulation, dry runs, batches and schedules.
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import FoundationEssentials
import Hashing
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Training

/// Random sequences with a label per token; "f1" on dev is one of the given values.
struct Toy: Task {
  let ids, labels: [[Int32]]
  let scripted: [Double]

  init(count: Int = 60, scripted: [Double] = []) {
    var generator = SplitMix64(seed: 5)
    ids = (0..<count).map { index in (0..<8 + index % 30).map { _ in Int32.random(in: 5..<60, using: &generator) } }
    labels = ids.map { $0.map { $0 % 5 } }
    self.scripted = scripted
  }

  var lengths: [Int] { ids.map(\.count) }
  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    let targets = examples.flatMap { labels[$0] }
    return LabeledBatch(
      examples: examples, input: Batch(examples.map { ids[$0] }), targets: .classes(targets),
      weight: Float(targets.count))
  }
  func tokens(in split: Split) -> Int { split == .train || !scripted.isEmpty ? lengths.reduce(0, +) : 0 }
  func evaluate(
    _ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap
  ) throws -> Evaluation? {
    if scripted.isEmpty { return nil }
    _ = try map(3) { _, _ in BatchOutput() }
    // Chosen by a weight, which changes at every step, so that no state is needed to distinguish evaluations.
    let value = scripted[Int(adapters.head(of: model).weight.pointer[0].bitPattern >> 3) % scripted.count]
    return Evaluation(loss: 1 - value, values: ["f1": value, "loss": 1 - value], json: [:])
  }
}

struct Bench {
  let table: ParameterTable
  let trainer: Trainer
  let adapter: Adapter?

  init(lora: Bool, threads: Int, task: any Task = Toy(), _ change: (inout TrainingSettings) -> Void = { _ in }) throws {
    try Processor.initialize()
    var config = try ModelConfig(folder: fixture("tiny-bert"))
    (config.dropout, config.attentionDropout) = (0.1, 0.1)
    let model = try TextModel(
      config, Checkpoint(folder: fixture("tiny-bert")), headType: .tokenClassification, classes: 5, reuseHead: true,
      seed: 1
    )
    var options = LoRAConfig()
    options.dropout = 0.05
    adapter = lora ? try Adapter(options, on: model, seed: 1) : nil
    table = ParameterTable(training: adapter?.trainable ?? model.parameters)
    var settings = TrainingSettings()
    settings.duration = .epochs(2)
    settings.batchSize = .examples(28)
    settings.learningRate = 1e-3
    change(&settings)
    trainer = try Trainer(model, task, table, settings, Replicas(threads: threads), adapters: RowAdapters(adapter?.set))
  }

  func run(stopAt step: Int? = nil) throws -> TrainingResult {
    var done = trainer.state.step
    return try trainer.run(shouldStop: { step.map { done >= $0 } ?? false }) { event in
      if case .step(let record) = event { done = record.step }
    }
  }
}

@Test(arguments: [true, false])
func `one thread and several compute the same bytes, with dropout`(_ lora: Bool) throws {
  let values = try [1, 2, 5].map { threads in
    let bench = try Bench(lora: lora, threads: threads)
    #expect(try bench.run().status == .completed)
    return bench.table.values
  }
  #expect(values[0] == values[1] && values[0] == values[2])
}

// After steps 3 and 6 the interruption is in an evaluation.
@Test(arguments: [1, 3, 5, 6])
func `an interrupted run resumes to the same bytes, and knows the best evaluation again or not at all`(_ stop: Int)
  throws
{
  let path = FileManager.default.temporaryDirectory.path + "/snapshot-\(UInt64.random(in: 0...UInt64.max))"
  defer { try? FileManager.default.removeItem(atPath: path) }
  func bench() throws -> Bench { try Bench(lora: true, threads: 2, task: Toy(scripted: [0.1, 0.5, 0.3])) }
  let uninterrupted = try bench()
  let expected = try uninterrupted.run()
  let first = try bench()
  #expect(try first.run(stopAt: stop).status == .interrupted)
  try first.trainer.saveSnapshot(to: path, inputs: "a", logged: 17)
  let second = try bench()
  #expect(try second.trainer.loadSnapshot(from: path, inputs: "a") == 17)
  #expect(second.trainer.state.spikeDetector == first.trainer.state.spikeDetector)
  let result = try second.run()
  #expect(second.table.values == uninterrupted.table.values)
  #expect(result.best == expected.best && result.steps == expected.steps && result.tokens == expected.tokens)
  #expect(expected.bestEvaluations.map { $0?.values["f1"] } == [expected.best?.value])
  let isOfSecond = expected.best.map { $0.step >= stop } == true
  #expect(result.bestEvaluations.map { $0?.values["f1"] } == (isOfSecond ? [expected.best?.value] : []))
}

@Test func `a snapshot of another run is refused`() throws {
  let path = FileManager.default.temporaryDirectory.path + "/snapshot-\(UInt64.random(in: 0...UInt64.max))"
  defer { try? FileManager.default.removeItem(atPath: path) }
  try Bench(lora: false, threads: 1).trainer.saveSnapshot(to: path, inputs: "a")
  #expect(throws: SnapshotFault.self) {
    try Bench(lora: true, threads: 1).trainer.loadSnapshot(from: path, inputs: "a")
  }
}

@Test func `early stopping ends a run that does not improve, with the best weights`() throws {
  let bench = try Bench(lora: true, threads: 1, task: Toy(scripted: [0.5])) {
    $0.duration = .epochs(50)
    $0.earlyStoppingPatience = 2
  }
  let result = try bench.run()
  #expect(result.status == .stoppedEarly)
  #expect(result.best?.step == 3 && result.steps == 9)
}

@Test func `gradient accumulation takes the same step as one large batch`() throws {
  let large = try Bench(lora: false, threads: 1) { $0.batchSize = .examples(60) }
  let small = try Bench(lora: false, threads: 1) {
    $0.batchSize = .examples(20)
    $0.gradientAccumulationSteps = 3
  }
  #expect(large.trainer.steps == small.trainer.steps)
  _ = try large.run()
  _ = try small.run()
  #expect(large.table.values == small.table.values)
}

@Test func `a loss that is not finite stops the run without a change and reports the batch and the weight`()
  throws
{
  let bench = try Bench(lora: true, threads: 1)
  bench.table.parameters[1].pointer[0] = .nan
  let before = bench.table.values.map(\.bitPattern)
  do {
    _ = try bench.run()
    Issue.record("a run with NaN did not stop")
  } catch TrainingFault.nonFiniteStep(let report) {
    #expect(report.step == 1 && report.loss.isNaN && report.examples.count == 28)
    #expect(report.examples[0].hasPrefix("training example "))
    #expect(report.weight.name == bench.table.parameters[1].name && report.weight.value.isNaN)
    #expect(report.description.contains("earlier snapshots are intact"))
  }
  #expect(bench.table.values.map(\.bitPattern) == before)
  #expect(bench.trainer.state.step == 0)
}

@Test func `a dry run takes the longest step and reports the run's tokens`() throws {
  let bench = try Bench(lora: true, threads: 1, task: Toy(scripted: [0.5]))
  let size = bench.trainer.snapshotSize
  let dryRun = try bench.trainer.dryRun()
  let epoch = Toy().lengths.reduce(0, +),
    batches = Batcher(lengths: Toy().lengths, size: .examples(28), samplingStrategy: .random, seed: 42)
  let sizes = batches.batches(epoch: 0).map { $0.reduce(0) { $0 + Toy().lengths[$1] } }
  #expect(dryRun.longestStepTokens == sizes.max() && dryRun.tokens == 2 * epoch && dryRun.steps >= 3)
  #expect(dryRun.trainSeconds > 0 && dryRun.evaluationSeconds > 0)
  #expect(bench.trainer.snapshotSize == size)
  let folder = TemporaryFolder(), path = folder.path + "/s"
  try bench.trainer.saveSnapshot(to: path, inputs: "")
  let written = try readFile(path).count
  #expect(written > size && written < size + 1 << 14)
}

@Test(arguments: [Batcher.SamplingStrategy.random, .groupByLength], [Batcher.Size.examples(7), .tokens(100)])
func `an epoch has every example once, and the next epoch has another order`(
  _ strategy: Batcher.SamplingStrategy, _ size: Batcher.Size
) {
  let lengths = (0..<500).map { 5 + $0 % 60 }
  let batcher = Batcher(lengths: lengths, size: size, samplingStrategy: strategy, seed: 3)
  let epochs = (0..<2).map { batcher.batches(epoch: $0) }
  for batches in epochs { #expect(batches.flatMap { $0 }.sorted() == Array(0..<500)) }
  #expect(epochs[0] != epochs[1] && epochs[0] == batcher.batches(epoch: 0))
  if case .tokens(let limit) = size {
    #expect(epochs[0].allSatisfy { $0.count == 1 || $0.reduce(0) { $0 + lengths[$1] } <= limit })
  }
}

@Test func `shards cover the batch and have similar loads`() {
  let lengths = (0..<32).map { 10 + $0 * 3 }
  let parts = shards(of: Array(0..<32), lengths: SequenceLengths(lengths), size: 512)
  #expect(parts.count == 4 && parts.flatMap { $0 }.sorted() == Array(0..<32))
  let loads = parts.map { $0.reduce(0) { $0 + lengths[$1] } }
  #expect(loads.max()! - loads.min()! < 100)
}

@Test func `schedules match transformers`() {
  // The factors of get_linear_schedule_with_warmup and get_cosine_schedule_with_warmup (4.x and 5.x).
  let linear = Schedule(.linear, learningRate: 1, warmupSteps: 2, totalSteps: 10),
    cosine = Schedule(.cosine, learningRate: 1, warmupSteps: 2, totalSteps: 10)
  #expect([0, 1, 2, 6, 10].map(linear.learningRate) == [0, 0.5, 1, 0.5, 0])
  #expect(
    abs(cosine.learningRate(at: 6) - 0.5) < 1e-12 && cosine.learningRate(at: 2) == 1
      && abs(cosine.learningRate(at: 10)) < 1e-12)
  #expect(Schedule(.constant, learningRate: 3, warmupSteps: 0, totalSteps: 10).learningRate(at: 9) == 3)
}
