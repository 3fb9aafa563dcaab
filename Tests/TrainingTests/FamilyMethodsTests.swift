/// Every family with every method and head: training, saving, loading, merging; bf16, gradient checkpointing and cached
/// states.
import Adapters
import Autograd
import Checkpoints
import Files
import Kernels
import TestSupport
import Testing

@testable import Encoders
@testable import Training

private let families = ["roberta", "electra", "modernbert"]
private let heads: [(name: String, type: HeadType, classes: Int)] = [
  ("token", .tokenClassification, 5), ("sequence", .sequenceClassification, 3), ("masked", .maskedLM, 60),
]

private func freshModel(_ family: String, _ head: (name: String, type: HeadType, classes: Int)) throws -> TextModel {
  try Processor.initialize()
  return try TextModel(
    folder: fixture("families/\(family)-\(head.name)"), headType: head.type, classes: head.classes, reuseHead: true)
}

private let batch = Batch([[2, 9, 17, 33, 41, 5, 3], [2, 58, 3], Array(5..<45)])

private func logits(_ model: TextModel, _ adapter: Adapter?) -> [Float] {
  model(batch, adapters: RowAdapters(adapter?.set), Pass(Workspace())).array
}

/// The loss of one step with the batch's own tokens as targets, and the gradients.
private func step(_ model: TextModel, _ table: ParameterTable, _ adapters: RowAdapters = .none) -> (Double, [UInt32]) {
  let gradients = Gradients(table),
    pass = Pass(Workspace(), gradients: gradients, randomKey: RandomKey(seed: 3, step: 4, shard: 1))
  let logits = model(batch, adapters: adapters, pass)
  let loss = crossEntropy(logits, targets: (0..<logits.rows).map { Int32($0 % 3) }, norm: Float(logits.rows), pass)
  pass.backward()
  gradients.finish()
  return (loss, (0..<gradients.count).map { gradients.pointer[$0].bitPattern })
}

private func methods() -> [(name: String, method: any AdapterMethod)] {
  func lora(_ change: (inout LoRAConfig) -> Void) -> LoRAConfig {
    var config = LoRAConfig()
    config.rank = 4
    change(&config)
    return config
  }
  var adalora = AdaLoRAConfig(), prompt = PromptConfig(), prefix = PrefixConfig()
  (adalora.initR, adalora.targetR, prompt.numVirtualTokens, prefix.numVirtualTokens) = (4, 2, 3, 3)
  return [
    ("lora", lora { $0.modules.layers = [1] }),
    (
      "lora, all linear",
      lora {
        $0.modules.targets = .allLinear; $0.bias = .all
      }
    ),
    ("dora", lora { $0.useDoRA = true }), ("pissa", lora { $0.initialization = .pissa }),
    ("olora", lora { $0.initialization = .olora }), ("adalora", adalora), ("ia3", IA3Config()), ("vera", VeRAConfig()),
    ("layer_norm", LayerNormTuning()), ("bitfit", BitFit()), ("head", LinearProbe()),
    ("houlsby", BottleneckConfig.houlsby), ("pfeiffer", BottleneckConfig.pfeiffer), ("prompt", prompt),
    ("prefix", prefix),
  ]
}

/// What a method says about a family or a head that it does not have; nil: it has it.
private func refusal(_ method: String, _ family: String, _ head: HeadType) -> String? {
  let isTied = head == .maskedLM
  if method == "head", isTied { return "trains nothing" }
  if family != "modernbert" { return nil }
  return switch method {
  case "houlsby", "pfeiffer": "adapters does not have bottleneck adapters of modernbert"
  case "prefix": "PEFT does not have prefix tuning of modernbert"
  default: nil
  }
}

@Test(arguments: families, heads)
func `every method is trained, saved, loaded and merged, or refused by name`(
  _ family: String, _ head: (name: String, type: HeadType, classes: Int)
) throws {
  for (name, method) in methods() {
    let model = try freshModel(family, head)
    if let refusal = refusal(name, family, head.type) {
      let error = #expect(throws: (any Error).self) { try Adapter(method, on: model, seed: 1) }
      #expect("\(error!)".contains(refusal), "\(name): \(error!)")
      continue
    }
    let adapter = try Adapter(method, on: model, seed: 1), before = logits(model, adapter)
    let task = try FixedBatches(
      JSON(path: fixture("families/\(family)-\(head.name)/runs.json"))["batches"] ?? [:], "batch")
    let trainer = try Trainer(
      model, task, ParameterTable(training: adapter.trainable), TwentySteps.settings, Replicas(threads: 2),
      adapters: RowAdapters(adapter.set), hook: adapter.hook)
    for index in 0..<3 { #expect(try trainer.step(task.batches[index]).loss.isFinite) }
    let trained = logits(model, adapter)
    #expect(trained != before, "\(name) trained nothing")
    try withTemporaryFolder { folder in
      try adapter.save(to: folder, base: "tiny", head: head.type)
      let other = try freshModel(family, head), loaded = try Adapter(folder: folder, on: other)
      // AdaLoRA drops pruned triplets, and PiSSA and OLoRA are saved as the change of the weight.
      let tolerance = ["adalora", "pissa", "olora"].contains(name) ? 1e-5 : 0
      #expect(relativeError(logits(other, loaded), trained) <= tolerance, "\(name)")
    }
    if ["houlsby", "pfeiffer", "prompt", "prefix"].contains(name) { continue }
    #expect(relativeError(logits(try adapter.merged(), nil), trained) <= 1e-5, "\(name) merged")
  }
}

@Test(arguments: families, heads)
func `gradient checkpointing gives the same bits`(
  _ family: String, _ head: (name: String, type: HeadType, classes: Int)
) throws {
  let model = try freshModel(family, head), adapter = try Adapter(LoRAConfig(), on: model, seed: 1)
  let table = ParameterTable(training: adapter.trainable), adapters = RowAdapters(adapter.set)
  let plain = step(model, table, adapters)
  model.gradientCheckpointing = true
  #expect(step(model, table, adapters) == plain)
}

@Test(arguments: families, heads)
func `bf16 gives the same logits up to rounding`(
  _ family: String, _ head: (name: String, type: HeadType, classes: Int)
) throws {
  let model = try freshModel(family, head), adapter = try Adapter(LoRAConfig(), on: model, seed: 1)
  let exact = logits(model, adapter)
  model.setPrecision(.bf16, adapters: [adapter.set])
  let error = relativeError(logits(model, adapter), exact)
  #expect(error > 1e-6 && error < 0.1, "\(error)")
}

@Test(arguments: families, heads)
func `cached hidden states give the same loss and gradients`(
  _ family: String, _ head: (name: String, type: HeadType, classes: Int)
) throws {
  for frozen in [1, nil] {
    let model = try freshModel(family, head), layers = model.config.numHiddenLayers, blocks = frozen ?? layers
    // Nothing below a head is trained; or, with LoRA, nothing below the layer.
    var config = LoRAConfig()
    config.modules.layers = [1]
    let adapter = frozen == nil ? nil : try Adapter(config, on: model, seed: 1), adapters = RowAdapters(adapter?.set)
    let headOnly = model.classifier.parameters.filter { $0 !== model.wordEmbeddings }
    let table = ParameterTable(training: adapter?.trainable ?? headOnly)
    #expect(model.frozenBlockCount(adapters) == blocks)
    let plain = step(model, table, adapters)
    try withTemporaryFolder { folder in
      let cache = model.makeHiddenStateCache(below: blocks, adapters) { CacheFile("\(folder)/\($0)") }
      try cache.file.open(reserving: 1 << 20)
      model.hiddenStateCache = cache
      for _ in 0..<2 { #expect(step(model, table, adapters) == plain) }
      #expect(cache.missCount == batch.sequences)
    }
  }
}

@Test func `a cache of hidden states depends on the attention windows`() throws {
  let folder = fixture("families/modernbert-token"), json = try JSON(path: folder + "/config.json").object ?? [:]
  let paths = try [8, 32].map { window in
    let config = try ModelConfig(
      json: .object(json.merging(["local_attention": .int(window)]) { _, new in new }), file: "config.json")
    let model = try TextModel(
      config, Checkpoint(folder: folder), headType: .tokenClassification, classes: 5, reuseHead: true, seed: 1)
    return model.makeHiddenStateCache(below: 3, .none) { CacheFile("//\($0)") }.file.path
  }
  #expect(paths[0] != paths[1])
}
