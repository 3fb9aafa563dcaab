import Adapters
import Autograd
import Checkpoints
import Files
import FoundationEssentials
import Hashing
import Kernels
import Models
import Tasks
import TestSupport
import Testing

@testable import Training

/// Sequences of chance with a label a token; "f1" on dev is whatever the test scripts.
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
  func lesson(_ examples: [Int], at step: Int) -> Lesson {
    let targets = examples.flatMap { labels[$0] }
    return Lesson(
      examples: examples, batch: Batch(examples.map { ids[$0] }), targets: targets, weight: Float(targets.count))
  }
  func tokens(in split: Split) -> Int { split == .train || !scripted.isEmpty ? lengths.reduce(0, +) : 0 }
  func evaluate(_ model: TextModel, on split: Split, _ run: ParallelFor) -> Evaluation? {
    if scripted.isEmpty { return nil }
    // The score follows the classifier's bias, which moves at every step: no state is needed to tell evaluations apart.
    let value = scripted[Int(model.classifier.weight.pointer[0].bitPattern >> 3) % scripted.count]
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
      config, Checkpoint(folder: fixture("tiny-bert")), kind: .tokenClassification, classes: 5, reuseHead: true, seed: 1
    )
    var options = LoRAConfig()
    options.dropout = 0.05
    adapter = lora ? try Adapter(options, on: model, seed: 1) : nil
    adapter?.attach()
    table = ParameterTable(training: adapter?.trainable ?? model.parameters)
    var settings = TrainingSettings()
    settings.duration = .epochs(2)
    settings.batchSize = .examples(28)
    settings.learningRate = 1e-3
    change(&settings)
    trainer = try Trainer(model, task, table, settings, Replicas(threads: threads))
  }

  func run(stopAt step: Int? = nil) throws -> TrainingResult {
    var done = trainer.state.step
    return try trainer.run(shouldStop: { step.map { done >= $0 } ?? false }) { event in
      if case .step(let record) = event { done = record.step }
    }
  }
}

@Test(arguments: [true, false])
func `one thread and several make the same bits, dropout included`(_ lora: Bool) throws {
  let values = try [1, 2, 5].map { threads in
    let bench = try Bench(lora: lora, threads: threads)
    #expect(try bench.run().status == .completed)
    return bench.table.values
  }
  #expect(values[0] == values[1] && values[0] == values[2])
}

@Test(arguments: [1, 3, 5])
func `a resumed run is the uninterrupted run, bit for bit`(_ stop: Int) throws {
  let path = FileManager.default.temporaryDirectory.path + "/snapshot-\(UInt64.random(in: 0...UInt64.max))"
  defer { try? FileManager.default.removeItem(atPath: path) }
  func bench() throws -> Bench { try Bench(lora: true, threads: 2, task: Toy(scripted: [0.1, 0.5, 0.3])) }
  let whole = try bench()
  let expected = try whole.run()
  let first = try bench()
  #expect(try first.run(stopAt: stop).status == .interrupted)
  try first.trainer.saveSnapshot(to: path, inputs: "a", logged: 17)
  let second = try bench()
  #expect(try second.trainer.loadSnapshot(from: path, inputs: "a") == 17)
  #expect(second.trainer.state.spikeDetector == first.trainer.state.spikeDetector)
  let result = try second.run()
  #expect(second.table.values == whole.table.values)
  #expect(result.best == expected.best && result.steps == expected.steps && result.tokens == expected.tokens)
}

@Test func `a snapshot of another run is refused in words`() throws {
  let path = FileManager.default.temporaryDirectory.path + "/snapshot-\(UInt64.random(in: 0...UInt64.max))"
  defer { try? FileManager.default.removeItem(atPath: path) }
  try Bench(lora: false, threads: 1).trainer.saveSnapshot(to: path, inputs: "a")
  #expect(throws: SnapshotFault.self) {
    try Bench(lora: true, threads: 1).trainer.loadSnapshot(from: path, inputs: "a")
  }
}

@Test func `patience ends a run that gets no better, and the best weights stay`() throws {
  let bench = try Bench(lora: true, threads: 1, task: Toy(scripted: [0.5])) {
    $0.duration = .epochs(50)
    $0.earlyStoppingPatience = 2
  }
  let result = try bench.run()
  #expect(result.status == .stoppedEarly)
  #expect(result.best?.step == 3 && result.steps == 9)
}

@Test func `accumulated batches make the step of one large batch`() throws {
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

@Test func `a loss that is not finite stops the run, changes nothing, and is told with the batch and the weight`()
  throws
{
  let bench = try Bench(lora: true, threads: 1)
  bench.table.parameters[1].pointer[0] = .nan
  let before = bench.table.values.map(\.bitPattern)
  do {
    _ = try bench.run()
    Issue.record("a run with NaN went on")
  } catch TrainingFault.notFinite(let facts) {
    #expect(facts.step == 1 && facts.loss.isNaN && facts.examples.count == 28)
    #expect(facts.examples[0].hasPrefix("training example "))
    #expect(facts.weight.name == bench.table.parameters[1].name && facts.weight.value.isNaN)
    #expect(facts.description.contains("a snapshot of before it is intact"))
  }
  #expect(bench.table.values.map(\.bitPattern) == before)
  #expect(bench.trainer.state.step == 0)
}

@Test func `a rehearsal takes the longest step, and its tokens are the run's`() throws {
  let bench = try Bench(lora: true, threads: 1, task: Toy(scripted: [0.5]))
  let size = bench.trainer.snapshotSize
  let rehearsal = try bench.trainer.dryRun()
  let epoch = Toy().lengths.reduce(0, +),
    batches = Batcher(lengths: Toy().lengths, size: .examples(28), order: .random, seed: 42)
  let sizes = batches.batches(epoch: 0).map { $0.reduce(0) { $0 + Toy().lengths[$1] } }
  #expect(rehearsal.longest == sizes.max() && rehearsal.tokens == 2 * epoch && rehearsal.steps >= 3)
  #expect(rehearsal.trainSeconds > 0 && rehearsal.evaluationSeconds > 0)
  #expect(bench.trainer.snapshotSize == size)
  let folder = TemporaryFolder(), path = folder.path + "/s"
  try bench.trainer.saveSnapshot(to: path, inputs: "")
  let written = try readFile(path).count
  #expect(written > size && written < size + 1 << 14)
}

@Test(arguments: [Batcher.SamplingStrategy.random, .groupByLength], [Batcher.Size.examples(7), .tokens(100)])
func `an epoch holds every example once, and the next epoch another order`(
  _ order: Batcher.SamplingStrategy, _ size: Batcher.Size
) {
  let lengths = (0..<500).map { 5 + $0 % 60 }
  let batcher = Batcher(lengths: lengths, size: size, order: order, seed: 3)
  let epochs = (0..<2).map { batcher.batches(epoch: $0) }
  for batches in epochs { #expect(batches.flatMap { $0 }.sorted() == Array(0..<500)) }
  #expect(epochs[0] != epochs[1] && epochs[0] == batcher.batches(epoch: 0))
  if case .tokens(let most) = size {
    #expect(epochs[0].allSatisfy { $0.count == 1 || $0.reduce(0) { $0 + lengths[$1] } <= most })
  }
}

@Test func `shards are even, cover the batch, and do not depend on the machine`() {
  let lengths = (0..<32).map { 10 + $0 * 3 }
  let cut = shards(of: Array(0..<32), lengths: lengths, size: 512)
  #expect(cut.count == 4 && cut.flatMap { $0 }.sorted() == Array(0..<32))
  let loads = cut.map { $0.reduce(0) { $0 + lengths[$1] } }
  #expect(loads.max()! - loads.min()! < 100)
}

@Test func `schedules follow transformers`() {
  // get_linear_schedule_with_warmup, get_cosine_schedule_with_warmup (4.x and 5.x): LambdaLR's factor at step k.
  let linear = Schedule(.linear, peak: 1, warmup: 2, total: 10),
    cosine = Schedule(.cosine(), peak: 1, warmup: 2, total: 10)
  #expect([0, 1, 2, 6, 10].map(linear.learningRate) == [0, 0.5, 1, 0.5, 0])
  #expect(
    abs(cosine.learningRate(at: 6) - 0.5) < 1e-12 && cosine.learningRate(at: 2) == 1
      && abs(cosine.learningRate(at: 10)) < 1e-12)
  #expect(Schedule(.constant, peak: 3, warmup: 0, total: 10).learningRate(at: 9) == 3)
}
