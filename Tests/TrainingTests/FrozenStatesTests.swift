/// Training from kept states is training: the same weights and scores, bit for bit, whether they are kept, found or
/// computed again; nobody is asked for what is there.
import Adapters
import Checkpoints
import Files
import FoundationEssentials
import Hashing
import Kernels
import Synchronization
import Tasks
import TestSupport
import Testing

@testable import Autograd
@testable import Models
@testable import Training

/// Sequences of chance with a label a token, some of them twice; the dev split's loss is the model's own.
private struct FrozenTexts: Task {
  let train, dev: [[Int32]]

  init() {
    var chance = SplitMix64(seed: 5)
    func sequences(_ count: Int) -> [[Int32]] {
      (0..<count).map { index in (0..<1 + index * 7 % 40).map { _ in Int32.random(in: 5..<60, using: &chance) } }
    }
    train = sequences(50) + sequences(2)
    dev = sequences(21) + [train[3], train[3]]
  }

  var lengths: [Int] { train.map(\.count) }
  /// Sequences that are not the same.
  var distinct: Int { Set(train + dev).count }
  func tokens(in split: Split) -> Int { (split == .train ? train : dev).reduce(0) { $0 + $1.count } }

  func lesson(_ examples: [Int], at step: Int) -> Lesson {
    let chosen = examples.map { train[$0] }, targets = chosen.flatMap { $0 }.map { $0 % 5 }
    return Lesson(examples: examples, batch: Batch(chosen), targets: targets, weight: Float(targets.count))
  }

  func evaluate(_ model: TextModel, on split: Split, _ run: ParallelFor) -> Evaluation? {
    let losses = Mutex([Int: Double]())
    run(4) { part, workspace in
      let chosen = dev.indices.filter { $0 % 4 == part }.map { dev[$0] }, pass = Pass(workspace)
      let loss = crossEntropy(model(Batch(chosen), pass), targets: chosen.flatMap { $0 }.map { $0 % 5 }, norm: 9, pass)
      losses.withLock { $0[part] = loss }
    }
    let loss = losses.withLock { losses in (0..<4).reduce(0) { $0 + (losses[$1] ?? .nan) } }
    return Evaluation(loss: loss, values: ["f1": 1 / loss, "loss": loss], json: [:])
  }
}

/// What learns of four blocks.
enum Learner: CaseIterable {
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

private struct FrozenBench {
  let model: TextModel
  let adapter: Adapter?
  let table: ParameterTable
  let task = FrozenTexts()

  /// - Parameter change: of the model's weights, before anything of them is known to be frozen.
  init(
    _ learning: Learner, _ precision: Precision = .fp32, layers: Int = 4, dropout: Double = 0,
    change: (TextModel) -> Void = { _ in }
  ) throws {
    try Processor.initialize()
    var json = try JSON(path: fixture("tiny-bert") + "/config.json").object ?? [:]
    json["num_hidden_layers"] = .int(layers)
    var config = try ModelConfig(json: .object(json), file: "config.json")
    (config.dropout, config.attentionDropout) = (dropout, dropout)
    model = try TextModel(config, nil, kind: .tokenClassification, classes: 5, reuseHead: false, seed: 1)
    change(model)
    let head = [model.classifier.weight, model.classifier.bias]
    var options = LoRAConfig()
    (options.modules.targets, options.dropout) = (.allLinear, 0.1)
    options.modules.layers = learning == .upperLoRA ? [2, 3] : nil
    let isLoRA = learning == .upperLoRA || learning == .lora
    adapter = isLoRA ? try Adapter(options, on: model, seed: 1) : nil
    adapter?.attach()
    let top = model.parameters.filter { $0.name.contains("layer.\(layers - 1).") }
    table = ParameterTable(
      training: adapter?.trainable ?? (learning == .head ? head : learning == .topBlock ? top + head : model.parameters)
    )
    model.setPrecision(precision)
  }

  /// Lets the model keep its states in `folder`.
  @discardableResult
  func keep(in folder: String, oneByOne: Bool = false) throws -> HiddenStateCache {
    var states = model.makeHiddenStateCache(below: model.frozenBlockCount, in: folder)
    if oneByOne {
      states = HiddenStateCache(
        block: states.block, hiddenSize: model.config.hiddenSize, file: states.file, backend: .blas)
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
    (settings.metricForBestModel, settings.gradientAccumulationSteps) = ("loss", accumulation)
    return try Trainer(model, task, table, settings, Replicas(threads: threads), objective: objective)
  }

  func run(_ trainer: Trainer, stopAt step: Int? = nil) throws -> Outcome {
    var scores: [Double] = [], done = trainer.step
    _ = try trainer.run(shouldStop: { step.map { done >= $0 } ?? false }) { event in
      switch event {
      case .step(let record): done = record.step
      case .evaluated(let record): scores.append(record.evaluation.loss)
      }
    }
    return Outcome(weights: table.values.map(\.bitPattern), scores: scores)
  }

  func run(threads: Int = 2) throws -> Outcome { try run(try trainer(threads: threads)) }
}

@Suite struct FrozenStatesTests {
  private let folder = TemporaryFolder()
  private let isOurs = GEMMBackend.selected > .blas

  @Test(arguments: Learner.allCases) func `a pass finds the blocks below all that learns`(_ learning: Learner)
    throws
  {
    #expect(try FrozenBench(learning).model.frozenBlockCount == learning.frozenBlocks)
  }

  @Test(arguments: [Learner.head, .topBlock, .upperLoRA])
  func `nothing runs backward below the lowest block that learns`(_ learning: Learner) throws {
    let tapes = try [4, 9].map { layers in
      let bench = try FrozenBench(learning == .upperLoRA ? .topBlock : learning, layers: layers)
      let pass = Pass(Workspace(), gradients: Gradients(bench.table)),
        trace = Trace(states: Set(0...layers), blocks: [])
      _ = bench.model(Batch([[5, 6, 7], [8]]), trace: trace, pass)
      let frozen = bench.model.frozenBlockCount
      #expect((0...frozen).allSatisfy { !trace.hiddenState($0).isTracked })
      return pass.tapeLength
    }
    #expect(tapes[0] == tapes[1] && tapes[0] > 0)
  }

  @Test(arguments: [Learner.head, .topBlock, .upperLoRA], Precision.allCases)
  func `a run from kept states is the run without, bit for bit, cold and warm and on any number of threads`(
    _ learning: Learner, _ precision: Precision
  ) throws {
    let plain = try FrozenBench(learning, precision).run()
    #expect(plain.scores.count == 3 && Set(plain.scores).count == 3 && plain.scores.allSatisfy(\.isFinite))
    var outcomes: [FrozenBench.Outcome] = []
    for (number, threads) in [2, 1, 5].enumerated() {
      let bench = try FrozenBench(learning, precision), states = try bench.keep(in: folder.path)
      outcomes.append(try bench.run(threads: threads))
      #expect(states.file.count == bench.task.distinct)
      #expect(number == 0 ? states.computed >= bench.task.distinct : states.computed == 0)
    }
    let cold = try FrozenBench(learning, precision)
    try cold.keep(in: folder.path + "/other")
    outcomes.append(try cold.run(threads: 1))
    #expect(outcomes.allSatisfy { $0 == outcomes[0] })
    if isOurs { #expect(outcomes[0] == plain) }
  }

  @Test(arguments: [Learner.head, .upperLoRA])
  func `one by one or together, the states are the same`(_ learning: Learner) throws {
    let (together, alone) = (try FrozenBench(learning), try FrozenBench(learning))
    try together.keep(in: folder.path + "/together")
    try alone.keep(in: folder.path + "/alone", oneByOne: true)
    let outcomes = [try together.run(), try alone.run()]
    if isOurs { #expect(outcomes[0] == outcomes[1]) }
    // What was kept one by one is not computed again, and the same.
    let again = try FrozenBench(learning), states = try again.keep(in: folder.path + "/alone", oneByOne: true)
    #expect(try again.run() == outcomes[1] && states.computed == 0)
  }

  @Test func `each sequence is computed once, dev included`() throws {
    let bench = try FrozenBench(.head), states = try bench.keep(in: folder.path)
    _ = try bench.run(threads: 1)
    // Twins that meet in one batch are both computed.
    #expect((bench.task.distinct...bench.task.distinct + 3).contains(states.computed))
  }

  @Test
  func `dropout below what learns is left out where states are kept, and the run is the same cold, warm and resumed`()
    throws
  {
    let plain = try FrozenBench(.upperLoRA, dropout: 0.2)
    #expect(plain.model.drawsDropout(below: 2))
    #expect(try !FrozenBench(.upperLoRA).model.drawsDropout(below: 2))
    let outcomes = try (0..<2).map { _ in
      let bench = try FrozenBench(.upperLoRA, dropout: 0.2)
      try bench.keep(in: folder.path)
      return try bench.run()
    }
    #expect(outcomes[0] == outcomes[1])
    #expect(try plain.run() != outcomes[0])

    for (stop, other) in [(1, "a"), (3, "b"), (4, "c")] {
      let path = folder.path + "/snapshot", first = try FrozenBench(.upperLoRA, dropout: 0.2)
      try first.keep(in: folder.path + "/" + other)
      let begun = try first.trainer()
      _ = try first.run(begun, stopAt: stop)
      try begun.saveSnapshot(to: path, inputs: "a")
      let second = try FrozenBench(.upperLoRA, dropout: 0.2)
      try second.keep(in: folder.path + "/" + other)
      let rest = try second.trainer(threads: 3)
      try rest.loadSnapshot(from: path, inputs: "a")
      #expect(try second.run(rest).weights == outcomes[0].weights)
    }
  }

  @Test func `a damaged file changes nothing`() throws {
    let first = try FrozenBench(.upperLoRA), path = try first.keep(in: folder.path).file.path, outcome = try first.run()
    let whole = try readFile(path)
    for place in [3, 20, 70, 4000, whole.count / 2, whole.count - 1] {
      var damaged = whole
      damaged[place] ^= 8
      try writeFile(damaged, to: path)
      let bench = try FrozenBench(.upperLoRA), states = try bench.keep(in: folder.path)
      #expect(try bench.run() == outcome)
      #expect(states.computed > 0)
    }
  }

  @Test func `the file's name follows from what is below, and from nothing above`() throws {
    func name(_ learning: Learner, _ precision: Precision = .fp32, _ change: (TextModel) -> Void = { _ in }) throws
      -> String
    {
      let model = try FrozenBench(learning, precision, change: change).model
      return model.makeHiddenStateCache(below: model.frozenBlockCount, in: "").file.path
    }
    func first(_ model: TextModel, _ part: String) -> UnsafeMutablePointer<Float> {
      model.parameters.first { $0.name.contains(part) }!.pointer
    }
    let usual = try name(.upperLoRA)
    #expect(try name(.upperLoRA) == usual)
    #expect(try name(.upperLoRA) { first($0, "layer.2.")[0] += 1 } == usual)
    #expect(try name(.upperLoRA) { $0.classifier.weight.pointer[0] += 1 } == usual)
    let others = [
      try name(.topBlock), try name(.head), try name(.upperLoRA, .bf16),
      try name(.upperLoRA) { first($0, "layer.1.output.dense.weight")[5] += 1e-3 },
      try name(.upperLoRA) { first($0, "word_embeddings")[70] += 1e-3 },
      try name(.upperLoRA) { first($0, "embeddings.LayerNorm.bias")[1] += 1e-3 },
      // A frozen adapter, attached.
      try name(.upperLoRA) { $0.projections[1].adapter = Shift() },
    ]
    #expect(Set(others + [usual]).count == others.count + 1)
  }

  @Test func `recomputed blocks, accumulated batches and a teacher's answers go along`() throws {
    func run(_ isKept: Bool) throws -> FrozenBench.Outcome {
      let bench = try FrozenBench(.upperLoRA), teacher = try FrozenBench(.head).model
      if isKept { try bench.keep(in: folder.path) }
      bench.model.gradientCheckpointing = true
      var settings = DistillationSettings()
      (settings.klWeight, settings.taskWeight, settings.cosineWeight) = (0.5, 0.5, 1)
      let objective = Distillation(settings, teachers: [Teacher(teacher)], student: bench.model, seed: 0)
      #expect(!objective.compares(below: 4, of: bench.model) && objective.compares(below: 5, of: bench.model))
      return try bench.run(try bench.trainer(accumulation: 2, objective: objective))
    }
    if isOurs { #expect(try run(true) == run(false)) } else { #expect(try run(true) == run(true)) }
  }
}

/// Adds 1 and learns nothing.
private final class Shift: ProjectionAdapter {
  var isTrainable: Bool { false }

  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    for row in 0..<y.rows { for column in columns { y.pointer[row * y.columns + column] += 1 } }
    return nil
  }
}
