/// Tests the hidden-state cache: a run gives the same bytes with a cold or warm cache and without it, and cached states
/// are not computed again.
import Adapters
import Checkpoints
import Files
import FoundationEssentials
import Hashing
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Autograd
@testable import Encoders
@testable import Training

/// Random sequences with a label per token, some of them duplicates. The dev metric is the model's loss.
private struct RandomTexts: Task {
  let train, dev: [[Int32]]

  init() {
    var generator = SplitMix64(seed: 5)
    func sequences(_ count: Int) -> [[Int32]] {
      (0..<count).map { index in (0..<1 + index * 7 % 40).map { _ in Int32.random(in: 5..<60, using: &generator) } }
    }
    train = sequences(50) + sequences(2)
    dev = sequences(21) + [train[3], train[3]]
  }

  var lengths: [Int] { train.map(\.count) }
  /// The number of distinct sequences.
  var distinctCount: Int { Set(train + dev).count }
  func tokens(in split: Split) -> Int { (split == .train ? train : dev).reduce(0) { $0 + $1.count } }

  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    let chosen = examples.map { train[$0] }, targets = chosen.flatMap { $0 }.map { $0 % 5 }
    return LabeledBatch(
      examples: examples, input: Batch(chosen), targets: .classes(targets), weight: Float(targets.count))
  }

  func evaluate(
    _ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap
  ) throws -> Evaluation? {
    let outputs = try map(4) { part, workspace in
      let chosen = dev.indices.filter { $0 % 4 == part }.map { dev[$0] }, pass = Pass(workspace)
      let logits = model(Batch(chosen), adapters: adapters, pass)
      return BatchOutput(sums: [crossEntropy(logits, targets: chosen.flatMap { $0 }.map { $0 % 5 }, norm: 9, pass)])
    }
    let loss = outputs.reduce(0) { $0 + $1.sums[0] }
    return Evaluation(loss: loss, values: ["f1": 1 / loss, "loss": loss], json: [:])
  }
}

/// What is trained in a model of four blocks.
enum Trained: CaseIterable {
  case head, topBlock, upperLoRA, lora, everything

  var frozenBlocks: Int {
    switch self {
    case .head: 4
    case .topBlock: 3
    case .upperLoRA: 2
    case .lora, .everything: 0
    }
  }
}

private struct CachingBench {
  let model: TextModel
  let adapter: Adapter?
  let table: ParameterTable
  let task = RandomTexts()

  /// - Parameter change: modifies the initial weights.
  init(
    _ trained: Trained, _ precision: Precision = .fp32, layers: Int = 4, dropout: Double = 0,
    change: (TextModel) -> Void = { _ in }
  ) throws {
    try Processor.initialize()
    var json = try JSON(path: fixture("tiny-bert") + "/config.json").object ?? [:]
    json["num_hidden_layers"] = .int(layers)
    var config = try ModelConfig(json: .object(json), file: "config.json")
    (config.dropout, config.attentionDropout) = (dropout, dropout)
    model = try TextModel(config, nil, headType: .tokenClassification, classes: 5, reuseHead: false, seed: 1)
    change(model)
    let head = model.classifier.parameters
    var options = LoRAConfig()
    (options.modules.targets, options.dropout) = (.allLinear, 0.1)
    options.modules.layers = trained == .upperLoRA ? [2, 3] : nil
    let isLoRA = trained == .upperLoRA || trained == .lora
    adapter = isLoRA ? try Adapter(options, on: model, seed: 1) : nil
    let top = model.parameters.filter { $0.name.contains("layer.\(layers - 1).") }
    table = ParameterTable(
      training: adapter?.trainable ?? (trained == .head ? head : trained == .topBlock ? top + head : model.parameters)
    )
    model.setPrecision(precision, adapters: adapter.map { [$0.set] } ?? [])
  }

  var adapters: RowAdapters { RowAdapters(adapter?.set) }
  var frozenBlockCount: Int { model.frozenBlockCount(adapters) }

  /// Sets the model's cache, in `folder`.
  @discardableResult
  func cacheStates(in folder: String, isBatched: Bool = true) throws -> HiddenStateCache {
    var states = model.makeHiddenStateCache(below: frozenBlockCount, adapters) { CacheFile("\(folder)/\($0)") }
    if !isBatched {
      states = HiddenStateCache(
        firstUncachedBlock: states.firstUncachedBlock, hiddenSize: model.config.hiddenSize, file: states.file,
        adapters: adapters, backend: .blas)
    }
    try states.file.open(reserving: 0)
    model.hiddenStateCache = states
    return states
  }

  struct Outcome: Equatable {
    var weights: [UInt32]
    var scores: [Double] = []
  }

  func trainer(threads: Int = 2, accumulation: Int = 1, objective: any Objective = TaskLoss()) throws -> Trainer {
    var settings = TrainingSettings()
    (settings.duration, settings.batchSize, settings.learningRate) = (.epochs(3), .examples(26), 1e-2)
    (settings.metricForBestModel, settings.gradientAccumulationSteps) = (.loss, accumulation)
    return try Trainer(
      model, task, table, settings, Replicas(threads: threads), adapters: adapters, objective: objective)
  }

  func run(_ trainer: Trainer, stopAt step: Int? = nil) throws -> Outcome {
    var scores: [Double] = [], done = trainer.step
    _ = try trainer.run(shouldStop: { step.map { done >= $0 } ?? false }) { event in
      switch event {
      case .step(let record): done = record.step
      case .evaluating: break
      case .evaluated(let record): scores.append(record.evaluation.loss)
      }
    }
    return Outcome(weights: table.values.map(\.bitPattern), scores: scores)
  }

  func run(threads: Int = 2) throws -> Outcome { try run(try trainer(threads: threads)) }
}

@Suite struct HiddenStateCacheTests {
  private let folder = TemporaryFolder()
  /// With OpenBLAS a row's result depends on the batch, and so on whether its states are cached.
  private let isRowIndependent = GEMMBackend.selected > .blas

  @Test(arguments: Trained.allCases)
  func `the blocks below all trainable parameters are frozen`(_ trained: Trained) throws {
    #expect(try CachingBench(trained).frozenBlockCount == trained.frozenBlocks)
  }

  @Test(arguments: [Trained.head, .topBlock, .upperLoRA])
  func `backward does not run below the lowest trainable block`(_ trained: Trained) throws {
    let tapes = try [4, 9].map { layers in
      let bench = try CachingBench(trained == .upperLoRA ? .topBlock : trained, layers: layers)
      let pass = Pass(Workspace(), gradients: Gradients(bench.table)),
        trace = Trace(states: Set(0...layers), blocks: [])
      _ = bench.model(Batch([[5, 6, 7], [8]]), adapters: bench.adapters, trace: trace, pass)
      let frozen = bench.frozenBlockCount
      #expect((0...frozen).allSatisfy { !trace.hiddenState($0).isTracked })
      return pass.tapeLength
    }
    #expect(tapes[0] == tapes[1] && tapes[0] > 0)
  }

  @Test(arguments: [Trained.head, .topBlock, .upperLoRA], Precision.allCases)
  func `a run with a cold or warm cache gives the same bytes as without, on any number of threads`(
    _ trained: Trained, _ precision: Precision
  ) throws {
    let plain = try CachingBench(trained, precision).run()
    #expect(plain.scores.count == 3 && Set(plain.scores).count == 3 && plain.scores.allSatisfy(\.isFinite))
    var outcomes: [CachingBench.Outcome] = []
    for (number, threads) in [2, 1, 5].enumerated() {
      let bench = try CachingBench(trained, precision), states = try bench.cacheStates(in: folder.path)
      outcomes.append(try bench.run(threads: threads))
      #expect(states.file.count == bench.task.distinctCount)
      #expect(number == 0 ? states.missCount >= bench.task.distinctCount : states.missCount == 0)
    }
    let cold = try CachingBench(trained, precision)
    try cold.cacheStates(in: folder.path + "/other")
    outcomes.append(try cold.run(threads: 1))
    #expect(outcomes.allSatisfy { $0 == outcomes[0] })
    if isRowIndependent { #expect(outcomes[0] == plain) }
  }

  @Test(arguments: [Trained.head, .upperLoRA])
  func `states computed one by one or in batches are the same`(_ trained: Trained) throws {
    let (batched, single) = (try CachingBench(trained), try CachingBench(trained))
    try batched.cacheStates(in: folder.path + "/batched")
    try single.cacheStates(in: folder.path + "/single", isBatched: false)
    let outcomes = [try batched.run(), try single.run()]
    if isRowIndependent { #expect(outcomes[0] == outcomes[1]) }
    // With a warm cache nothing is computed again.
    let warm = try CachingBench(trained), states = try warm.cacheStates(in: folder.path + "/single", isBatched: false)
    #expect(try warm.run() == outcomes[1] && states.missCount == 0)
  }

  @Test func `each distinct sequence is computed once, including those of dev`() throws {
    let bench = try CachingBench(.head), states = try bench.cacheStates(in: folder.path)
    _ = try bench.run(threads: 1)
    // Two copies of a sequence in the same batch are both computed.
    #expect((bench.task.distinctCount...bench.task.distinctCount + 3).contains(states.missCount))
  }

  @Test func `caching turns off dropout in frozen blocks; cold, warm and resumed runs agree`() throws {
    let plain = try CachingBench(.upperLoRA, dropout: 0.2)
    #expect(plain.model.usesDropout(below: 2, plain.adapters))
    let undropped = try CachingBench(.upperLoRA)
    #expect(!undropped.model.usesDropout(below: 2, undropped.adapters))
    let outcomes = try (0..<2).map { _ in
      let bench = try CachingBench(.upperLoRA, dropout: 0.2)
      try bench.cacheStates(in: folder.path)
      return try bench.run()
    }
    #expect(outcomes[0] == outcomes[1])
    #expect(try plain.run() != outcomes[0])

    for (stop, name) in [(1, "a"), (3, "b"), (4, "c")] {
      let path = folder.path + "/snapshot", first = try CachingBench(.upperLoRA, dropout: 0.2)
      try first.cacheStates(in: folder.path + "/" + name)
      let interrupted = try first.trainer()
      _ = try first.run(interrupted, stopAt: stop)
      try interrupted.saveSnapshot(to: path, inputs: "a")
      let second = try CachingBench(.upperLoRA, dropout: 0.2)
      try second.cacheStates(in: folder.path + "/" + name)
      let resumed = try second.trainer(threads: 3)
      try resumed.loadSnapshot(from: path, inputs: "a")
      #expect(try second.run(resumed).weights == outcomes[0].weights)
    }
  }

  @Test func `a damaged cache file does not change the result`() throws {
    let first = try CachingBench(.upperLoRA), path = try first.cacheStates(in: folder.path).file.path,
      outcome = try first.run()
    let bytes = try readFile(path)
    for index in [3, 20, 70, 4000, bytes.count / 2, bytes.count - 1] {
      var damaged = bytes
      damaged[index] ^= 8
      try writeFile(damaged, to: path)
      let bench = try CachingBench(.upperLoRA), states = try bench.cacheStates(in: folder.path)
      #expect(try bench.run() == outcome)
      #expect(states.missCount > 0)
    }
  }

  @Test func `the file's name depends on the frozen blocks and on nothing above them`() throws {
    func name(
      _ trained: Trained, _ precision: Precision = .fp32, _ change: (TextModel) -> Void = { _ in },
      adapters: ((TextModel) throws -> AdapterSet)? = nil
    ) throws -> String {
      let bench = try CachingBench(trained, precision, change: change), adapters = try adapters?(bench.model)
      return bench.model.makeHiddenStateCache(
        below: bench.frozenBlockCount, adapters.map { RowAdapters($0) } ?? bench.adapters
      ) { CacheFile($0) }.file.path
    }
    func first(_ model: TextModel, _ part: String) -> UnsafeMutablePointer<Float> {
      model.parameters.first { $0.name.contains(part) }!.pointer
    }
    var scales = IA3Config()
    scales.initIA3Weights = false
    let reference = try name(.upperLoRA)
    #expect(try name(.upperLoRA) == reference)
    #expect(try name(.upperLoRA) { first($0, "layer.2.")[0] += 1 } == reference)
    #expect(try name(.upperLoRA) { $0.classifier.weight.pointer[0] += 1 } == reference)
    let different = [
      try name(.topBlock), try name(.head), try name(.upperLoRA, .bf16),
      try name(.upperLoRA) { first($0, "layer.1.output.dense.weight")[5] += 1e-3 },
      try name(.upperLoRA) { first($0, "word_embeddings")[70] += 1e-3 },
      try name(.upperLoRA) { first($0, "embeddings.LayerNorm.bias")[1] += 1e-3 },
      // A frozen adapter below.
      try name(.upperLoRA, adapters: { try Adapter(scales, on: $0, seed: 1).set }),
    ]
    #expect(Set(different + [reference]).count == different.count + 1)
  }

  @Test func `caching works with gradient checkpointing, gradient accumulation and distillation`() throws {
    func run(isCached: Bool) throws -> CachingBench.Outcome {
      let bench = try CachingBench(.upperLoRA), teacher = try CachingBench(.head).model
      if isCached { try bench.cacheStates(in: folder.path) }
      bench.model.gradientCheckpointing = true
      var settings = DistillationSettings()
      (settings.klWeight, settings.taskWeight, settings.cosineWeight) = (0.5, 0.5, 1)
      let objective = Distillation(settings, teachers: [Teacher(teacher)], student: bench.model, seed: 0)
      #expect(
        !objective.comparesHiddenStates(below: 4, of: bench.model)
          && objective.comparesHiddenStates(below: 5, of: bench.model))
      return try bench.run(try bench.trainer(accumulation: 2, objective: objective))
    }
    if isRowIndependent {
      #expect(try run(isCached: true) == run(isCached: false))
    } else {
      #expect(try run(isCached: true) == run(isCached: true))
    }
  }
}
