import Adapters
import Autograd
import Checkpoints
import Files
import Kernels
import Models
import Tasks
import TestSupport
import Testing

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
  default: return try Adapter(folder: fixture("adapters/\(run)-start"), on: model)
  }
  config.modules.exclude = .suffixes(["pooler.dense"])
  return try Adapter(config, on: model, seed: 1)
}

@Test(arguments: ["dora", "pissa", "olora"])
func `twenty steps of LoRA's family lose what they lose in PEFT, and end where it ends`(_ run: String) throws {
  let model = try tinyBert(), golden = try JSON(path: fixture("adapters/\(run).json"))
  let adapter = try start(run, on: model)
  adapter.attach()
  let table = ParameterTable(training: adapter.trainable)
  #expect(table.parameters.reduce(0) { $0 + $1.count } == golden["trainable_parameters"]?.int)
  let task = try FixedBatches("adapters/batches.json", "batch")
  try expectFirstGradients(run, model, task, table)
  let trainer = try Trainer(model, task, table, settings(), Replicas(threads: 2))
  for index in 0..<20 {
    let record = try trainer.step(task.batches[index % 4])
    #expect(abs(record.loss - (golden["losses"]?.array?[index].number ?? .nan)) < 1e-4, "step \(index + 1)")
    let norm = golden["gradient_norms"]?.array?[index].number ?? .nan
    #expect(abs(record.gradientNorm - norm) < 1e-4 * max(1, norm), "step \(index + 1)")
  }
  let final = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
  let task2 = try goldenBatch()
  #expect(relativeError(model(task2, Pass(Workspace())).array, try final.array("logits.final")) < 1e-3)
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
  _ run: String, _ model: TextModel, _ task: FixedBatches, _ table: ParameterTable
) throws {
  let golden = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
  let lesson = task.lesson(task.batches[0], at: 0), gradients = Gradients(table)
  _ = HardLabels().losses(model, task, lesson, of: LessonSize([lesson]), Pass(Workspace(), gradients: gradients))
  gradients.finish()
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
