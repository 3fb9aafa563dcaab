/// Methods that scale or free what is there, trained beside PEFT and PyTorch.
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

private let runs = ["ia3", "ia3-chosen", "vera", "layer-norm", "bitfit", "bitfit-chosen", "head"]

private func start(_ run: String) throws -> (model: TextModel, adapter: Adapter) {
  try Processor.start()
  let model = try TextModel(folder: fixture("tiny-bert"), kind: .tokens, classes: 5, reuseHead: true)
  let adapter = try Adapter(folder: fixture("adapters/\(run)-start"), on: model)
  adapter.attach()
  return (model, adapter)
}

private func trainer(_ model: TextModel, _ table: ParameterTable, _ task: FixedBatches, threads: Int = 2) throws
  -> Trainer
{
  var settings = TrainingSettings()
  settings.length = .steps(20)
  settings.warmup = .steps(2)
  settings.learningRate = 5e-3
  return try Trainer(model, task, table, settings, Replicas(threads: threads))
}

/// The numbers of a weight under any of the names that PEFT and PyTorch give it.
private func values(of parameter: Parameter, in file: Checkpoint) throws -> [Float] {
  var parts = parameter.name.split(separator: ".").map(String.init)
  parts.insert("ln_tuning_layers", at: max(parts.count - 1, 0))
  let plain = parameter.name, tuned = parts.joined(separator: ".")
  let name = ["base_model.model.\(plain)", "base_model.model.\(tuned)", plain].first { file.contains($0) }
  return try file.array(#require(name))
}

@Test(arguments: runs)
func `twenty steps of scales and freed weights lose what PEFT's and PyTorch's lose`(_ run: String) throws {
  let (model, adapter) = try start(run)
  let golden = try JSON(path: fixture("adapters/\(run).json"))
  let table = ParameterTable(training: adapter.trainable)
  #expect(table.parameters.reduce(0) { $0 + $1.count } == golden["trainable_parameters"]?.int)
  let task = try FixedBatches("adapters/batches.json", "batch")
  let trainer = try trainer(model, table, task)
  for index in 0..<20 {
    let record = try trainer.step(task.batches[index % 4])
    #expect(abs(record.loss - (golden["losses"]?.array?[index].number ?? .nan)) < 2e-5, "step \(index + 1)")
    let norm = golden["gradient_norms"]?.array?[index].number ?? .nan
    #expect(abs(record.gradientNorm - norm) < 1e-4 * max(1, norm))
  }
  let final = try Checkpoint(file: fixture("adapters/\(run)-final/adapter_model.safetensors"))
  for parameter in adapter.trainable where !parameter.name.hasSuffix("key.bias") {
    #expect(try relativeError(parameter.values, values(of: parameter, in: final)) < 1e-4, "\(parameter.name)")
  }
}

@Test(arguments: runs, [false, true])
func `the first step's gradients are PEFT's and PyTorch's, blocks recomputed or not`(
  _ run: String, _ recompute: Bool
) throws {
  let (model, adapter) = try start(run)
  model.recompute = recompute
  let gradients = Gradients(ParameterTable(training: adapter.trainable, freezing: model.parameters))
  let task = try FixedBatches("adapters/batches.json", "batch"), lesson = task.lesson(task.batches[0], at: 0)
  let pass = Pass(Workspace(), gradients: gradients)
  _ = crossEntropy(model(lesson.batch, pass), targets: lesson.targets, norm: Float(lesson.weight), pass)
  pass.backward()
  gradients.finish()
  let golden = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
  for parameter in adapter.trainable where !parameter.name.hasSuffix("key.bias") {
    let found = UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count)
    #expect(try relativeError(found, values(of: parameter, in: golden)) < 2e-5, "\(parameter.name)")
  }
}

@Test(arguments: runs) func `in bf16 scales lose the same, but for rounding`(_ run: String) throws {
  let (model, adapter) = try start(run)
  let golden = try JSON(path: fixture("adapters/\(run).json"))
  let table = ParameterTable(training: adapter.trainable)
  model.use(.bf16)
  #expect(model.projections.allSatisfy { $0.weight.isHalf })
  let task = try FixedBatches("adapters/batches.json", "batch")
  let trainer = try trainer(model, table, task)
  let losses = try (0..<20).map { try trainer.step(task.batches[$0 % 4]).loss }
  let gaps = losses.enumerated().map { abs($1 - (golden["losses"]?.array?[$0].number ?? .nan)) }
  #expect(gaps.allSatisfy { $0 < 4e-2 } && gaps.contains { $0 > 1e-6 }, "\(gaps)")
}
