import Autograd
import Checkpoints
import Files
import Kernels
import Models
import Tasks
import TestSupport
import Testing

@testable import Adapters
@testable import Training

private func settings() -> TrainingSettings {
  var settings = TrainingSettings()
  settings.length = .steps(20)
  settings.warmup = .steps(2)
  settings.learningRate = 5e-3
  return settings
}

private func tinyBert() throws -> TextModel {
  try Processor.start()
  return try TextModel(folder: fixture("tiny-bert"), kind: .tokens, classes: 5, reuseHead: true)
}

/// The adapter from which PEFT's run of this name began.
private func start(_ run: String, on model: TextModel) throws -> Adapter {
  var config = LoRAConfig()
  (config.rank, config.alpha) = (4, 6)
  switch run {
  case "pissa":
    config.start = .pissa
    config.modules.targets = .allLinear
    config.rankPattern = ["query": 2]
    config.alphaPattern = ["key": 3]
  case "olora":
    config.start = .olora
    config.useRSLoRA = true
  case "adalora":
    let read = try Adapter(folder: fixture("adapters/\(run)-start"), on: model)
    // What is read from a file is not about to be trained; a new one is, and gets the same numbers.
    let new = try Adapter(read.method as? AdaLoRAConfig ?? AdaLoRAConfig(), on: model, seed: 1)
    for (to, from) in zip(new.trainable, read.trainable) { _ = to.values.update(fromContentsOf: from.values) }
    return new
  default: return try Adapter(folder: fixture("adapters/\(run)-start"), on: model)
  }
  config.modules.exclude = .suffixes(["pooler.dense"])
  return try Adapter(config, on: model, seed: 1)
}

@Test(arguments: ["dora", "pissa", "olora", "adalora"])
func `twenty steps of LoRA's family lose what they lose in PEFT, and end where it ends`(_ run: String) throws {
  let model = try tinyBert(), golden = try JSON(path: fixture("adapters/\(run).json"))
  let adapter = try start(run, on: model)
  adapter.attach()
  let table = ParameterTable(training: adapter.trainable)
  #expect(table.parameters.reduce(0) { $0 + $1.count } == golden["trainable_parameters"]?.int)
  let task = try FixedBatches("adapters/batches.json", "batch")
  try expectFirstGradients(run, model, task, table, adapter.hook)
  let trainer = try Trainer(model, task, table, settings(), Replicas(threads: 2), hook: adapter.hook)
  for index in 0..<20 {
    let record = try trainer.step(task.batches[index % 4])
    #expect(abs(record.loss - (golden["losses"]?.array?[index].number ?? .nan)) < 1e-4, "step \(index + 1)")
    #expect(record.terms.reduce(0) { $0 + $1.loss } == (run == "adalora" ? record.loss : 0))
    #expect(rank(of: adapter) == golden["ranks"]?.array?[index].int, "step \(index + 1)")
    let norm = golden["gradient_norms"]?.array?[index].number ?? .nan
    #expect(abs(record.gradientNorm - norm) < 1e-4 * max(1, norm), "step \(index + 1)")
  }
  let final = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
  #expect(relativeError(model(try goldenBatch(), Pass(Workspace())).array, try final.array("logits.final")) < 1e-3)
}

/// Triplets of AdaLoRA that are not forgotten.
private func rank(of adapter: Adapter) -> Int {
  adapter.trainable.filter { $0.name.hasSuffix(".lora_E") }.reduce(0) { $0 + $1.values.count { $0 != 0 } }
}

private func goldenBatch() throws -> Batch {
  let json = try JSON(path: fixture("tiny-bert/golden-token.json"))
  func rows(_ key: String) -> [[Int32]] {
    (json[key]?.array ?? []).map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
  }
  var batch = Batch()
  for (ids, kinds) in zip(rows("ids"), rows("types")) { batch.append(ids, kinds: kinds) }
  return batch
}

/// The gradients of the first batch, before clipping, tensor by tensor. A singular vector may point the other way; then
/// so do its gradients.
private func expectFirstGradients(
  _ run: String, _ model: TextModel, _ task: FixedBatches, _ table: ParameterTable, _ hook: (any StepHook)?
) throws {
  let golden = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
  let lesson = task.lesson(task.batches[0], at: 0), gradients = Gradients(table)
  _ = HardLabels().losses(model, task, lesson, of: LessonSize([lesson]), Pass(Workspace(), gradients: gradients))
  gradients.finish()
  _ = hook?.addLoss(to: gradients)
  for parameter in table.parameters where !parameter.name.hasSuffix("key.bias") {
    let stored = "base_model.model." + parameter.name, wrapped = stored.dropLast(".bias".count) + ".base_layer.bias"
    let name = try #require([stored, stored + ".weight", String(wrapped)].first(where: golden.contains))
    let found = UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count)
    let wanted = try golden.array(name)
    if run == "pissa" && name.contains("lora_") {
      #expect(relativeError(found.map(abs), wanted.map(abs)) < 1e-4, "\(name)")
    } else {
      #expect(relativeError(found, wanted) < 1e-4, "\(name)")
    }
  }
}

@Test func `DoRA in bf16 loses what it loses in fp32, but for rounding`() throws {
  let model = try tinyBert(), golden = try JSON(path: fixture("adapters/dora.json"))
  let adapter = try start("dora", on: model)
  adapter.attach()
  let table = ParameterTable(training: adapter.trainable)
  model.use(.bf16)
  let task = try FixedBatches("adapters/batches.json", "batch")
  let trainer = try Trainer(model, task, table, settings(), Replicas(threads: 2))
  var worst = 0.0
  for index in 0..<20 {
    let record = try trainer.step(task.batches[index % 4])
    worst = max(worst, abs(record.loss - (golden["losses"]?.array?[index].number ?? .nan)))
  }
  #expect(worst < 3e-2, "\(worst)")
  #expect(worst > 1e-6, "nothing was rounded")
}

@Test func `what AdaLoRA has learned is saved as PEFT saves it, triplets that went left out`() throws {
  let model = try tinyBert(), adapter = try start("adalora", on: model)
  adapter.attach()
  let task = try FixedBatches("adapters/batches.json", "batch")
  let trainer = try Trainer(
    model, task, ParameterTable(training: adapter.trainable), settings(), Replicas(threads: 1), hook: adapter.hook)
  for index in 0..<20 { _ = try trainer.step(task.batches[index % 4]) }
  let folder = TemporaryFolder()
  try adapter.save(to: folder.path, base: "tiny-bert", head: .tokens)
  let theirs = fixture("adapters/adalora-final")
  let (ours, golden) = (
    try Checkpoint(file: folder.path + "/adapter_model.safetensors"),
    try Checkpoint(file: theirs + "/adapter_model.safetensors")
  )
  #expect(ours.names == golden.names)
  for name in golden.names {
    #expect(try ours.info(name).shape == golden.info(name).shape, "\(name)")
    #expect(relativeError(try ours.array(name), try golden.array(name)) < 2e-3, "\(name)")
  }
  for key in ["rank_pattern", "total_step", "init_r", "target_r"] {
    #expect(
      try JSON(path: folder.path + "/adapter_config.json")[key] == JSON(path: theirs + "/adapter_config.json")[key])
  }
}

@Test func `AdaLoRA is cut and goes on bit for bit`() throws {
  let folder = TemporaryFolder(), task = try FixedBatches("adapters/batches.json", "batch")
  func run(_ steps: Range<Int>, resume: Bool) throws -> [Float] {
    let model = try tinyBert(), adapter = try start("adalora", on: model)
    adapter.attach()
    let table = ParameterTable(training: adapter.trainable)
    let trainer = try Trainer(
      model, task, table, settings(), Replicas(threads: resume ? 1 : 2), hook: adapter.hook)
    if resume { try trainer.loadSnapshot(from: folder.path + "/snapshot", inputs: "") }
    for index in steps { _ = try trainer.step(task.batches[index % 4]) }
    if !resume { try trainer.saveSnapshot(to: folder.path + "/snapshot", inputs: "") }
    return table.values
  }
  for cut in [2, 9, 17] {
    let whole = try run(0..<20, resume: false)
    _ = try run(0..<cut, resume: false)
    #expect(try run(cut..<20, resume: true) == whole, "cut after \(cut)")
  }
}

@Test func `AdaLoRA has no time in a run that is all beginning and end`() throws {
  var config = AdaLoRAConfig()
  (config.firstSteps, config.lastSteps) = (12, 8)
  let adapter = try Adapter(config, on: tinyBert(), seed: 1)
  #expect(throws: BudgetFault.self) { try adapter.hook?.begin(steps: 20) }
  try adapter.hook?.begin(steps: 21)
}

@Test func `AdaLoRA that would allocate after the last step only is refused`() throws {
  var config = AdaLoRAConfig()
  (config.firstSteps, config.interval) = (10, 10)
  let adapter = try Adapter(config, on: tinyBert(), seed: 1)
  #expect(throws: BudgetFault.self) { try adapter.hook?.begin(steps: 20) }
  try adapter.hook?.begin(steps: 21)
}

@Test func `LoRA+ loses what it loses with PEFT's optimizer`() throws {
  let model = try tinyBert(), golden = try JSON(path: fixture("adapters/lora-plus.json"))
  let adapter = try Adapter(folder: fixture("adapters/lora-start"), on: model)
  adapter.attach()
  var config = LoRAConfig()
  config.plusRatio = 8
  var settings = settings()
  settings.learningRate = 1e-3
  let task = try FixedBatches("adapters/batches.json", "batch")
  let trainer = try Trainer(
    model, task, ParameterTable(training: adapter.trainable), settings, Replicas(threads: 2),
    rateFactor: config.rateFactor)
  for index in 0..<20 {
    let record = try trainer.step(task.batches[index % 4])
    #expect(abs(record.loss - (golden["losses"]?.array?[index].number ?? .nan)) < 1e-4, "step \(index + 1)")
  }
}
