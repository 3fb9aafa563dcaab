/// Two tasks that take turns on one encoder, against PyTorch and PEFT for twenty steps, and their snapshots.
/// `Tests/Fixtures/multi-task/README.md`
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import Tasks
import TestSupport
import Testing

@testable import Training

private struct TwoTasks {
  let golden: JSON
  let tasks: [FixedBatches]
  let models: [TextModel]
  /// nil: the models themselves are trained.
  let adapters: [Adapter]?
  let table: ParameterTable

  init(lora: Bool) throws {
    try Processor.initialize()
    golden = try JSON(path: fixture("multi-task/steps.json"))
    tasks = [
      try FixedBatches("adapters/batches.json", "batch"),
      try FixedBatches("sequence-classification/batches.json", "text"),
    ]
    let folder = fixture("tiny-bert"), checkpoint = try Checkpoint(folder: folder)
    let tokens = try TextModel(
      ModelConfig(folder: folder), checkpoint, headType: .tokenClassification, classes: 5, reuseHead: false, seed: 0)
    let texts = try TextModel(
      sharingEncoderOf: tokens, WeightSource(checkpoint, of: .bert), headType: .sequenceClassification,
      layers: HeadLayers(), classes: 3, reuseHead: false, seed: 0)
    models = [tokens, texts]
    if lora {
      var method = LoRAConfig()
      (method.rank, method.alpha) = (4, 8)
      let first = try Adapter(method, on: tokens, seed: 1)
      method.addModulesToSave(["bert.pooler.dense"])
      adapters = [first, try Adapter(method, on: texts, sharing: first)]
    } else {
      adapters = nil
    }
    var seen: Set<ObjectIdentifier> = []
    let trained = adapters.map { $0.map(\.trainable) } ?? models.map(\.parameters)
    table = ParameterTable(training: trained.joined().filter { seen.insert(ObjectIdentifier($0)).inserted })
    let start = try Checkpoint(file: fixture("multi-task/start.safetensors"))
    for (name, parameters) in zip(["tokens", "texts"], trained) {
      for parameter in parameters {
        guard let key = ["\(name).\(parameter.name)", parameter.name].first(where: start.contains) else { continue }
        for (index, value) in try start.array(key).enumerated() { parameter.values[index] = value }
      }
    }
  }

  func trainer(
    threads: Int = 2, alpha: Double = 1, _ change: (inout TrainingSettings) -> Void = { _ in }
  ) throws -> Trainer {
    var settings = TwentySteps.settings
    change(&settings)
    let learners = tasks.indices.map { index in
      Learner(
        ["tokens", "texts"][index], tasks[index], models[index], adapters: RowAdapters(adapters?[index].set),
        parameters: adapters?[index].trainable ?? models[index].parameters)
    }
    return try Trainer(learners, samplingAlpha: alpha, table, settings, Replicas(threads: threads))
  }
}

@Test(arguments: [true, false])
func `two tasks that take turns have the losses of PyTorch and PEFT`(_ lora: Bool) throws {
  let run = try TwoTasks(lora: lora), trainer = try run.trainer(), golden = run.golden[lora ? "lora" : "full"]
  #expect(run.table.parameters.reduce(0) { $0 + $1.count } == golden?["trainable_parameters"]?.int)
  var taken = [0, 0]
  for (step, turn) in (run.golden["turns"]?.array ?? []).compactMap(\.int).enumerated() {
    func expected(_ key: String) -> Double { golden?[key]?.array?[step].number ?? .nan }
    let first = turn == 0 ? 0 : run.tasks[0].lengths.count
    let record = try trainer.step(run.tasks[turn].batches[taken[turn] % 4].map { $0 + first })
    taken[turn] += 1
    #expect(abs(record.loss - expected("losses")) < 1e-4, "step \(step + 1)")
    #expect(abs(record.gradientNorm - expected("gradient_norms")) < 5e-4 * max(1, record.gradientNorm))
  }
  #expect(trainer.step == 20 && trainer.state.turns == taken)
}

@Test func `tasks that share an encoder train the same bytes with any number of threads, and after a resume`() throws {
  func values(threads: Int, stopAfter: Int? = nil) throws -> [Float] {
    try withTemporaryFolder { folder in
      func trainer() throws -> (TwoTasks, Trainer) {
        let run = try TwoTasks(lora: true)
        return (run, try run.trainer(threads: threads, alpha: 0.5) { $0.batchSize = .examples(3) })
      }
      let (run, first) = try trainer()
      var done = 0
      _ = try first.run(shouldStop: { done == stopAfter }, report: { _ in done += 1 })
      if stopAfter == nil { return run.table.values }
      try first.saveSnapshot(to: folder + "/s", inputs: "")
      let (resumed, second) = try trainer()
      try second.loadSnapshot(from: folder + "/s", inputs: "")
      #expect(second.state.turns == first.state.turns)
      _ = try second.run(shouldStop: { false }, report: { _ in })
      return resumed.table.values
    }
  }
  let expected = try values(threads: 1)
  #expect(try values(threads: 2) == expected && values(threads: 3) == expected)
  for stop in [1, 7, 19] { #expect(try values(threads: 2, stopAfter: stop) == expected, "\(stop)") }
}

@Test func `every optimizer leaves the head of a task that has not the turn alone`() throws {
  let algorithms: [any OptimizerAlgorithm] = [AdamWSettings(), LionSettings(), SGDSettings(), AdafactorSettings()]
  for algorithm in algorithms {
    let run = try TwoTasks(lora: true)
    let trainer = try run.trainer {
      $0.optimizer.algorithm = algorithm
      $0.warmup = .steps(0)
    }
    func heads() -> [[Float]] { run.adapters?.map { Array($0.head.weight.values) } ?? [] }
    let batches = [run.tasks[0].batches[0], run.tasks[1].batches[0].map { $0 + run.tasks[0].lengths.count }]
    for turn in [0, 1, 0, 1] {
      let before = heads()
      _ = try trainer.step(batches[turn])
      let after = heads()
      #expect(before[turn] != after[turn] && before[1 - turn] == after[1 - turn], "\(algorithm)")
    }
  }
}

@Test func `an adapter of several tasks cannot change a module of one head`() throws {
  let folder = fixture("tiny-bert-sequence"), checkpoint = try Checkpoint(folder: folder)
  let texts = try TextModel(
    ModelConfig(folder: folder), checkpoint, headType: .sequenceClassification, classes: 3, reuseHead: false, seed: 0)
  let tokens = try TextModel(
    sharingEncoderOf: texts, WeightSource(checkpoint, of: .bert), headType: .tokenClassification, layers: HeadLayers(),
    classes: 5, reuseHead: false, seed: 0)
  var method = LoRAConfig()
  method.modules.targets = .allLinear
  let adapter = try Adapter(method, on: texts, seed: 1)
  #expect(throws: TargetFault.self) { try Adapter(method, on: tokens, sharing: adapter) }
}
