/// Tests which batches each step has: every example once per epoch, epochs of different numbers of steps, fractions of
/// epochs, and positions after a resume.
import Autograd
import Datasets
import Encoders
import Files
import FoundationEssentials
import Hashing
import TestSupport
import Testing
import Tokenization

@testable import Tasks
@testable import Training

private let strategies = Batcher.SamplingStrategy.allCases
private let tokenLimits = [64, 128, 256, 512, 1024, 2048]

/// Lengths as of sentences: most are short, a few are longer than a small batch.
private func randomLengths(_ count: Int, seed: UInt64 = 1) -> [Int] {
  var generator = SplitMix64(seed: seed)
  return (0..<count).map { _ in 3 + Int(60 * generator.uniform() / (0.2 + generator.uniform())) }
}

private func plan(
  _ lengths: [Int], _ size: Batcher.Size, _ duration: TrainingSettings.Duration, _ strategy: Batcher.SamplingStrategy,
  seed: UInt64 = 42, batchesPerStep: Int = 1
) throws -> StepPlan {
  try StepPlan(
    Batcher(lengths: lengths, size: size, samplingStrategy: strategy, seed: seed), duration,
    batchesPerStep: batchesPerStep)
}

/// The examples of each step from `first` on, as the trainer takes them.
private func steps(of plan: StepPlan, from first: Int = 0) -> [[Int]] {
  var epoch = -1, epochSteps: [[Int]] = []
  return (first..<plan.steps).map { step in
    let position = plan.position(of: step)
    if position.epoch != epoch { (epoch, epochSteps) = (position.epoch, plan.epoch(position.epoch)) }
    return epochSteps[position.index]
  }
}

/// Whether every example is once in each of `epochs` epochs, and no step is empty. Positions of all steps are looked up
/// in any order, as after a resume.
private func isComplete(_ plan: StepPlan, examples: Int, epochs: Int) -> Bool {
  var uses = [[UInt8]](repeating: .init(repeating: 0, count: examples), count: epochs), taken = 0
  for epoch in 0..<epochs {
    for (index, step) in plan.epoch(epoch).enumerated() {
      let position = plan.position(of: taken)
      guard !step.isEmpty, position.epoch == epoch, position.index == index else { return false }
      for example in step { uses[epoch][example] += 1 }
      taken += 1
    }
    guard plan.isEndOfEpoch(taken), plan.epochs(after: taken) == Double(epoch + 1) else { return false }
  }
  return taken == plan.steps && uses.allSatisfy { $0.allSatisfy { $0 == 1 } }
}

@Test(arguments: tokenLimits, strategies)
func `with batches by tokens every epoch has every example once, and no step is empty`(
  _ limit: Int, _ strategy: Batcher.SamplingStrategy
) throws {
  let lengths = randomLengths(700)
  var differs = false
  for seed: UInt64 in 0..<10 {
    let plan = try plan(lengths, .tokens(limit), .epochs(5), strategy, seed: seed)
    #expect(isComplete(plan, examples: 700, epochs: 5), "seed \(seed)")
    differs = differs || Set((0..<5).map { plan.epoch($0).count }).count > 1
  }
  // Sorted in one megabatch, these examples make the same batches in every epoch.
  #expect(differs || strategy == .groupByLength && limit >= 1024, "all epochs have equally many steps")
}

/// Third-party data: the folder `shared` next to the repository, or TUNE_SHARED.
private let corpus =
  (ProcessInfo.processInfo.environment["TUNE_SHARED"] ?? repository + "/../shared") + "/data/ncbi-disease/train.tsv"

/// TUNE_PLAN_SEEDS sets the number of seeds.
@Test(.enabled(if: fileExists(corpus), "NCBI-disease is not there"), arguments: strategies)
func `batches by tokens are complete on the lengths of NCBI-disease`(_ strategy: Batcher.SamplingStrategy) throws {
  let folder = repository + "/checkpoints/biomed-mini-l3"
  let tokenizer = try TextTokenizer(WordPiece(folder: folder), ModelConfig(folder: folder))
  let inference = try TokenClassification(labels: ["O"])
  let lengths = try readCoNLL(corpus).flatMap { inference.encode($0, tokenizer).features.map(\.ids.count) }
  #expect(lengths.count >= 5424)
  let seeds = ProcessInfo.processInfo.environment["TUNE_PLAN_SEEDS"].flatMap { UInt64($0) } ?? 1
  for seed in 0..<seeds {
    for limit in tokenLimits {
      let plan = try plan(lengths, .tokens(limit), .epochs(5), strategy, seed: seed)
      #expect(isComplete(plan, examples: lengths.count, epochs: 5), "seed \(seed), \(limit) tokens")
    }
  }
}

@Test(arguments: [Batcher.Size.tokens(200), .examples(7)], strategies)
func `a run that resumes at any step takes the same steps`(
  _ size: Batcher.Size, _ strategy: Batcher.SamplingStrategy
) throws {
  let lengths = randomLengths(60), expected = steps(of: try plan(lengths, size, .epochs(3.4), strategy))
  for step in expected.indices {
    let resumed = try plan(lengths, size, .epochs(3.4), strategy)
    #expect(steps(of: resumed, from: step) == Array(expected[step...]))
  }
}

@Test func `with batches of examples the number of steps is that of the first epoch times the epochs`() throws {
  for (count, size, batches) in [(60, 28, 1), (60, 20, 3), (101, 10, 1), (7, 8, 2), (5424, 32, 1)] {
    for epochs in [0.01, 0.5, 1, 1.1, 2.1, 2.9999, 3, 1e6] {
      let plan = try plan(
        randomLengths(count), .examples(size), .epochs(epochs), .random, batchesPerStep: batches)
      let perEpoch = plan.epoch(0).count
      #expect(perEpoch == ((count + size - 1) / size + batches - 1) / batches)
      #expect(plan.steps == max(1, Int((epochs * Double(perEpoch)).rounded(.up))))
      for step in [0, 1, perEpoch, plan.steps / 2, plan.steps - 1, plan.steps] {
        #expect(
          plan.position(of: step)
            == .init(epoch: step / perEpoch, index: step % perEpoch, epochSteps: perEpoch))
        #expect(plan.epochs(after: step) == Double(step) / Double(perEpoch))
      }
    }
  }
}

@Test func `a fraction of an epoch is a fraction of that epoch's steps`() throws {
  let lengths = randomLengths(200)
  let counts = try (1...4).map { try plan(lengths, .tokens(300), .epochs(Double($0)), .random).steps }
  #expect(Set(zip(counts, [0] + counts).map { $0 - $1 }).count > 1)
  let half = try plan(lengths, .tokens(300), .epochs(2.5), .random)
  #expect(half.steps == counts[1] + (counts[2] - counts[1] + 1) / 2)
  #expect(half.epochs(after: counts[1]) == 2 && half.epochs(after: counts[1] + 1) > 2)
  #expect(abs(half.epochs(after: half.steps) - 2.5) < 0.02)
  #expect(try plan(lengths, .tokens(300), .epochs(1e-9), .random).steps == 1)
}

@Test(arguments: [1, 11, 500])
func `max_steps may end before or after an epoch`(_ count: Int) throws {
  let lengths = randomLengths(200)
  let plan = try plan(lengths, .tokens(300), .steps(count), .groupByLength), all = steps(of: plan)
  #expect(plan.steps == count && all.count == count && all.allSatisfy { !$0.isEmpty })
  let end = plan.epoch(0).count
  if count > end { #expect(all[..<end].joined().sorted() == Array(0..<200)) }
}

@Test func `accumulated batches are joined within an epoch only`() throws {
  let lengths = randomLengths(200)
  let single = try plan(lengths, .tokens(300), .epochs(3), .random)
  let joined = try plan(lengths, .tokens(300), .epochs(3), .random, batchesPerStep: 4)
  #expect(isComplete(joined, examples: 200, epochs: 3))
  for epoch in 0..<3 {
    #expect(joined.epoch(epoch).count == (single.epoch(epoch).count + 3) / 4)
    #expect(Array(joined.epoch(epoch).joined()) == Array(single.epoch(epoch).joined()))
  }
}

@Test func `batches are made of the examples that are trained on`() throws {
  let examples = (0..<90).filter { $0 % 3 != 1 }
  for size in [Batcher.Size.examples(8), .tokens(150)] {
    let batcher = Batcher(
      lengths: randomLengths(90), examples: examples, size: size, samplingStrategy: .groupByLength, seed: 1)
    #expect(batcher.batches(epoch: 1).joined().sorted() == examples)
  }
  #expect(throws: TrainingFault.self) {
    try StepPlan(
      Batcher(lengths: [4, 5], examples: [], size: .examples(1), samplingStrategy: .random, seed: 1), .steps(2),
      batchesPerStep: 1)
  }
}

@Test func `batches by examples do not ask for lengths, which streamed texts do not have yet`() {
  let lengths = SequenceLengths(count: 90) { _ in
    Issue.record("a length was counted")
    return 1
  }
  let batcher = Batcher(lengths: lengths, size: .examples(8), samplingStrategy: .random, seed: 1)
  #expect(batcher.hasEqualEpochs && batcher.batches(epoch: 0).map(\.count) == Array(repeating: 8, count: 11) + [2])
}

@Test func `blocks of one length make epochs of equal length, also by tokens`() throws {
  let plan = try plan(Array(repeating: 64, count: 1000), .tokens(1024), .epochs(1e5), .random)
  #expect(
    plan.steps == 63 * 100_000 && plan.position(of: 63 * 5000 + 7) == .init(epoch: 5000, index: 7, epochSteps: 63))
}

@Suite struct TokenBatchRuns {
  private func bench(
    _ strategy: Batcher.SamplingStrategy = .random, _ change: (inout TrainingSettings) -> Void = { _ in }
  ) throws -> Bench {
    try Bench(lora: true, threads: 2, task: Toy(count: 40, scripted: [0.1, 0.5, 0.3])) {
      ($0.batchSize, $0.samplingStrategy, $0.seed) = (.tokens(70), strategy, 5)
      ($0.duration, $0.warmup) = (.epochs(2.5), .ratio(0.2))
      change(&$0)
    }
  }

  @Test func `evaluations are at the true ends of epochs, and the last learning rate belongs to the last step`() throws
  {
    let bench = try bench(), plan = bench.trainer.plan
    let ends = [plan.epoch(0).count, plan.epoch(0).count + plan.epoch(1).count]
    #expect(ends[1] != 2 * ends[0])
    var evaluations: [(Int, Double)] = [], steps: [StepRecord] = []
    _ = try bench.trainer.run(shouldStop: { false }) { event in
      switch event {
      case .step(let record): steps.append(record)
      case .evaluating: break
      case .evaluated(let record): evaluations.append((record.step, record.epoch))
      }
    }
    #expect(evaluations.map(\.0) == ends + [plan.steps])
    #expect(evaluations.map(\.1).prefix(2) == [1, 2] && abs((evaluations.last?.1 ?? 0) - 2.5) < 0.1)
    let schedule = Schedule(
      .linear, learningRate: 1e-3, warmupSteps: Int((0.2 * Double(plan.steps)).rounded(.up)), totalSteps: plan.steps)
    #expect(steps.map(\.learningRate) == (0..<plan.steps).map(schedule.learningRate))
    #expect(steps.map(\.tokens).prefix(ends[0]).reduce(0, +) == Toy(count: 40).lengths.reduce(0, +))
  }

  @Test(arguments: Batcher.SamplingStrategy.allCases, [Averaging?.none, .last(2)])
  func `a run that is interrupted at any step resumes to the same bytes`(
    _ strategy: Batcher.SamplingStrategy, _ average: Averaging?
  ) throws {
    func run() throws -> Bench { try bench(strategy) { $0.average = average } }
    let uninterrupted = try run(), expected = try uninterrupted.run()
    for stop in stride(from: 1, to: uninterrupted.trainer.steps, by: 6) {
      try withTemporaryFolder { folder in
        let first = try run()
        _ = try first.run(stopAt: stop)
        try first.trainer.saveSnapshot(to: folder + "/s", inputs: "")
        let second = try run()
        try second.trainer.loadSnapshot(from: folder + "/s", inputs: "")
        let result = try second.run()
        #expect(second.table.values == uninterrupted.table.values && result.tokens == expected.tokens)
        #expect(result.best == expected.best && result.steps == expected.steps)
      }
    }
  }

  @Test func `a dry run counts the tokens of all epochs`() throws {
    let tokens = Toy(count: 40).lengths.reduce(0, +)
    #expect(try bench { $0.duration = .epochs(3) }.trainer.dryRun().tokens == 3 * tokens)
  }
}
