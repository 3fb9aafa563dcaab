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

@Test(arguments: ["full", "lora", "lora-pattern", "lora-bias"])
func `twenty AdamW steps lose what PyTorch and PEFT lose`(_ run: String) throws {
  try Processor.start()
  let model = try TextModel(folder: fixture("tiny-bert"), kind: .tokens, classes: 5, reuseHead: true)
  let golden = try JSON(path: fixture("adapters/\(run).json"))
  var adapter: Adapter?
  if run != "full" {
    adapter = try Adapter(folder: fixture("adapters/\(run)-start"), on: model)
    adapter?.attach()
  }
  let table = ParameterTable(training: adapter?.trainable ?? model.parameters)
  #expect(table.parameters.reduce(0) { $0 + $1.count } == golden["trainable_parameters"]?.int)
  let task = try FixedBatches("adapters/batches.json", "batch")
  let trainer = try Trainer(model, task, table, settings(), Replicas(threads: 2))
  for index in 0..<20 {
    let record = try trainer.step(task.batches[index % 4])
    #expect(abs(record.loss - (golden["losses"]?.array?[index].number ?? .nan)) < 1e-4, "step \(index + 1)")
    #expect(abs(record.learningRate - (golden["learning_rates"]?.array?[index].number ?? .nan)) < 1e-9)
    let norm = golden["gradient_norms"]?.array?[index].number ?? .nan
    #expect(abs(record.gradientNorm - norm) < 1e-4 * max(1, norm))
  }
  guard let adapter else { return }
  let final = try Checkpoint(file: fixture("adapters/\(run)-final/adapter_model.safetensors"))
  for parameter in adapter.trainable where !parameter.name.hasSuffix("key.bias") {
    let stored = "base_model.model." + parameter.name
    let wrapped = stored.dropLast(".bias".count) + ".base_layer.bias"
    let expected = try final.array(final.contains(stored) ? stored : String(wrapped))
    #expect(relativeError(parameter.values, expected) < 1e-3, "\(parameter.name)")
  }
}

@Test(arguments: ["full", "lora"])
func `in bf16 twenty steps lose what they lose in fp32, but for rounding`(_ run: String) throws {
  try Processor.start()
  let model = try TextModel(folder: fixture("tiny-bert"), kind: .tokens, classes: 5, reuseHead: true)
  let golden = try JSON(path: fixture("adapters/\(run).json"))
  var adapter: Adapter?
  if run == "lora" {
    adapter = try Adapter(folder: fixture("adapters/lora-start"), on: model)
    adapter?.attach()
  }
  let table = ParameterTable(training: adapter?.trainable ?? model.parameters)
  model.use(.bf16)
  #expect(model.projections.allSatisfy { $0.weight.isHalf == (run == "lora") })
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
