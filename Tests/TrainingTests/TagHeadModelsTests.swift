/// CRF, LSTM and scalar mix with every family and method: training, saving, loading, merging, cached states, threads.
import Adapters
import Autograd
import Checkpoints
import Files
import FoundationEssentials
import Kernels
import TestSupport
import Testing

@testable import Encoders
@testable import Tasks
@testable import Training

private let folders = [
  "tiny-bert", "tiny-distilbert", "families/roberta-token", "families/electra-token", "families/modernbert-token",
]

private func layers(_ decoder: HeadLayers.Decoder, lstm: Int?, mix: Bool) -> HeadLayers {
  var layers = HeadLayers()
  (layers.decoder, layers.lstm, layers.mixesStates) = (decoder, lstm.map { .init(hiddenSize: $0) }, mix)
  return layers
}

private let all = layers(.crf, lstm: 7, mix: true)

private func makeModel(_ folder: String, _ layers: HeadLayers = all, classes: Int = 5, seed: UInt64 = 1) throws
  -> TextModel
{
  try Processor.initialize()
  return try TextModel(
    folder: fixture(folder), headType: .tokenClassification, layers: layers, classes: classes, reuseHead: true,
    seed: seed)
}

/// Three sequences, of each of which the tokens at even places are words.
private struct Words: Task {
  let sequences: [[Int32]] = [[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], Array(5..<45)]
  let loss: any LossFunction

  init(_ layers: HeadLayers) throws {
    loss = try TokenClassification(labels: ["O"], splitWords: .punctuation, headLayers: layers).loss()
  }

  var lengths: [Int] { sequences.map(\.count) }

  func batch(_ examples: [Int], at step: Int) -> LabeledBatch {
    let features = examples.map { example in
      let words = Array(stride(from: 0, to: sequences[example].count, by: 2))
      return Features(
        ids: sequences[example], targets: .tagSequences([words.map { Int32($0 % 5) }]), predictionRows: words)
    }
    // Every word weighs 1 in either loss.
    return LabeledBatch(examples, features, ChainLoss())
  }

  func loss(of logits: Tensor, _ targets: Targets, _ chain: ChainWeights?, norm: Float, _ pass: Pass) -> Double {
    loss(logits, targets, chain, norm: norm, pass)
  }

  func evaluate(_ model: TextModel, adapters: RowAdapters, on split: Split, _ map: ParallelMap) -> Evaluation? { nil }

  /// The emissions, then the transitions.
  func outputs(_ model: TextModel, _ adapters: RowAdapters) -> [Float] {
    let batch = batch([0, 1, 2], at: 0)
    return model(batch.input, adapters: adapters, rows: batch.rows, Pass(Workspace())).array
      + (adapters.outputLayers(of: model).chain?.parameters.flatMap(\.values) ?? [])
  }
}

private func methods(_ folder: String) -> [(name: String, method: any AdapterMethod)] {
  var adalora = AdaLoRAConfig(), prompt = PromptConfig(), prefix = PrefixConfig()
  (adalora.initR, adalora.targetR, prompt.numVirtualTokens, prefix.numVirtualTokens) = (4, 2, 3, 3)
  let common: [(name: String, method: any AdapterMethod)] = [
    ("lora", LoRAConfig()), ("adalora", adalora), ("ia3", IA3Config()), ("vera", VeRAConfig()),
    ("layer_norm", LayerNormTuning()), ("bitfit", BitFit()), ("head", LinearProbe()), ("prompt", prompt),
  ]
  if folder.contains("modernbert") { return common }
  return common + [("pfeiffer", BottleneckConfig.pfeiffer)] + (folder.contains("distil") ? [] : [("prefix", prefix)])
}

/// An adapter whose head is trained with it, as a run makes it.
private func makeAdapter(_ method: any AdapterMethod, on model: TextModel) throws -> Adapter {
  var method = method
  method.addModulesToSave(model.tagLayerModules)
  return try Adapter(method, on: model, seed: 1)
}

private func makeTrainer(_ model: TextModel, _ adapter: Adapter?, threads: Int = 2) throws -> Trainer {
  try Trainer(
    model, try Words(model.headLayers), ParameterTable(training: adapter?.trainable ?? model.parameters),
    TwentySteps.settings, Replicas(threads: threads), adapters: RowAdapters(adapter?.set), hook: adapter?.hook)
}

@Suite struct TagHeadModelsTests {
  @Test(arguments: folders)
  func `every method trains the head, saves it and loads it on a base with other labels`(_ folder: String) throws {
    for (name, method) in methods(folder) {
      let model = try makeModel(folder), adapter = try makeAdapter(method, on: model), task = try Words(all)
      let before = task.outputs(model, RowAdapters(adapter.set)), trainer = try makeTrainer(model, adapter)
      for _ in 0..<3 { #expect(try trainer.step([0, 1, 2]).loss.isFinite) }
      let trained = task.outputs(model, RowAdapters(adapter.set))
      #expect(zip(before, trained).allSatisfy { $0 != $1 }, "\(name) left something as it was")
      try withTemporaryFolder { folder in
        try adapter.save(to: folder, base: "tiny", head: .tokenClassification)
        let other = try makeModel(
          model.config.family == .bert ? "tiny-bert" : folders.first { $0.contains(model.config.family.rawValue) }!,
          classes: 3, seed: 9)
        let loaded = try Adapter(folder: folder, on: other)
        #expect(other.missingHeadWeights(besides: loaded.replacedAndHeadNames) == [], "\(name)")
        let error = relativeError(task.outputs(other, RowAdapters(loaded.set)), trained.map(Double.init))
        #expect(error <= (name == "adalora" ? 1e-5 : 0), "\(name)")
      }
      if ["pfeiffer", "prompt", "prefix"].contains(name) { continue }
      let merged = try adapter.merged()
      #expect(relativeError(task.outputs(merged, .none), trained.map(Double.init)) <= 1e-5, "\(name) merged")
    }
  }

  @Test(arguments: folders, [all, layers(.crf, lstm: nil, mix: false), layers(.softmax, lstm: 3, mix: false)])
  func `a trained model is saved and loaded with its head`(_ folder: String, _ layers: HeadLayers) throws {
    let model = try makeModel(folder, layers), task = try Words(layers), trainer = try makeTrainer(model, nil)
    for _ in 0..<2 { _ = try trainer.step([0, 1, 2]) }
    try withTemporaryFolder { path in
      try model.save(to: path, labels: ["O", "B-A", "I-A", "B-B", "I-B"], problemType: nil)
      let loaded = try TextModel(
        folder: path, headType: .tokenClassification, layers: layers, classes: 5, reuseHead: true)
      #expect(loaded.newlyInitialized == [] && task.outputs(loaded, .none) == task.outputs(model, .none))
      // As a base for another head.
      let plain = try TextModel(folder: path, headType: .tokenClassification, classes: 5, reuseHead: true)
      #expect(plain.newlyInitialized.isEmpty == (layers.lstm == nil))
    }
  }

  @Test(arguments: folders, [1, nil])
  func `cached states of all layers give the same bits`(_ folder: String, _ frozen: Int?) throws {
    func weights(cached: Bool) throws -> [Float] {
      let model = try makeModel(folder), blocks = frozen ?? model.config.numHiddenLayers
      var lora = LoRAConfig()
      lora.modules.layers = [1]
      let adapter = try makeAdapter(frozen == nil ? LinearProbe() : lora, on: model),
        adapters = RowAdapters(adapter.set)
      let trainer = try makeTrainer(model, adapter)
      #expect(model.frozenBlockCount(adapters) == blocks)
      return try withTemporaryFolder { folder in
        if cached {
          let cache = model.makeHiddenStateCache(below: blocks, adapters) { CacheFile("\(folder)/\($0)") }
          try cache.file.open(reserving: 1 << 20)
          model.hiddenStateCache = cache
        }
        for _ in 0..<3 { _ = try trainer.step([0, 1, 2]) }
        #expect(model.hiddenStateCache.map { $0.missCount == 3 && $0.file.count == 3 * (blocks + 1) } ?? true)
        return adapter.trainable.flatMap(\.values)
      }
    }
    #expect(try weights(cached: true) == weights(cached: false))
  }

  @Test func `a cache of all states is another file than one of the last`() throws {
    let paths = try [all, layers(.crf, lstm: 7, mix: false)].map {
      try makeModel("tiny-bert", $0).makeHiddenStateCache(below: 2, .none) { CacheFile("/\($0)") }.file.path
    }
    #expect(paths[0] != paths[1])
  }

  @Test func `the number of threads changes no bit, and gradient checkpointing only the rounding`() throws {
    func weights(threads: Int, checkpointing: Bool = false) throws -> [Float] {
      let model = try makeModel("tiny-bert"), trainer = try makeTrainer(model, nil, threads: threads)
      model.gradientCheckpointing = checkpointing
      for _ in 0..<3 { _ = try trainer.step([0, 1, 2]) }
      return model.parameters.flatMap(\.values)
    }
    let one = try weights(threads: 1)
    #expect(try weights(threads: 4) == one)
    #expect(relativeError(try weights(threads: 2, checkpointing: true), one.map(Double.init)) < 1e-3)
  }

  @Test func `sizes of a damaged tune.json are refused`() throws {
    for size in [0, -3, 1 << 40] {
      let json = "{\"labels\": [\"O\", \"B-A\"], \"head\": {\"decoder\": \"crf\", \"lstm_hidden_size\": \(size)}}"
      let parsed = try JSON(parsing: .init(json.utf8), named: "j")
      #expect(throws: (any Error).self) { _ = try parsed.decoded(as: TokenClassification.self, file: "j") }
    }
  }
}
