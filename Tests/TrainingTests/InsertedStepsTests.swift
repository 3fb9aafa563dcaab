/// Twenty steps of what is put between a model's parts, from the same start as the libraries'.
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

/// A run of the fixtures: how it begins, and what it saw.
private struct Golden {
  let run: String
  let json: JSON
  let model: TextModel
  let adapter: Adapter
  let task: FixedBatches

  init(_ run: String) throws {
    try Processor.start()
    self.run = run
    json = try JSON(path: fixture("adapters/\(run).json"))
    model = try TextModel(folder: fixture("tiny-bert"), kind: .tokens, classes: 5, reuseHead: true)
    if run == "prefix-mlp" {
      var method = PrefixConfig()
      (method.virtualTokens, method.projects, method.hidden) = (3, true, 12)
      adapter = try Adapter(method, on: model, seed: 1)
      // What the network is at first stands in no folder.
      let weights = try Checkpoint(file: fixture("adapters/\(run)-weights.safetensors"))
      for parameter in adapter.trainable { _ = try parameter.values.update(from: Self.find(parameter, in: weights)) }
    } else {
      adapter = try Adapter(folder: fixture("adapters/\(run)-start"), on: model)
    }
    adapter.attach()
    task = try FixedBatches("adapters/batches.json", "batch")
  }

  func trainer(_ table: ParameterTable) throws -> Trainer {
    var settings = TrainingSettings()
    (settings.length, settings.warmup, settings.learningRate) = (.steps(20), .steps(2), 5e-3)
    return try Trainer(model, task, table, settings, Replicas(threads: 2))
  }

  func number(_ key: String, _ index: Int) -> Double { json[key]?.array?[index].number ?? .nan }

  /// A parameter's place in the libraries' files.
  static func find(_ parameter: Parameter, in checkpoint: Checkpoint) throws -> [Float] {
    let names = [parameter.name, "base_model.model." + parameter.name, "base_model." + parameter.name]
    return try checkpoint.array(names.first { checkpoint.contains($0) } ?? "prompt_embeddings")
  }
}

private let runs = ["houlsby", "pfeiffer", "prompt", "prefix", "prefix-mlp"]

@Test(arguments: runs) func `the first step's gradients are the library's`(_ run: String) throws {
  let golden = try Golden(run)
  let gradients = Gradients(ParameterTable(training: golden.adapter.trainable))
  let reference = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
  for recompute in [false, true] {
    golden.model.recompute = recompute
    gradients.reset()
    let pass = Pass(Workspace(), gradients: gradients), lesson = golden.task.lesson(golden.task.batches[0], at: 0)
    let loss = crossEntropy(golden.model(lesson.batch, pass), targets: lesson.targets, norm: lesson.weight, pass)
    pass.backward()
    gradients.finish()
    #expect(abs(loss - golden.number("losses", 0)) < 1e-5)
    for parameter in golden.adapter.trainable {
      let found = UnsafeBufferPointer(start: gradients.pointer + (parameter.offset ?? 0), count: parameter.count)
      #expect(relativeError(found, try Golden.find(parameter, in: reference)) < 1e-5, "\(parameter.name)")
    }
  }
}

@Test(arguments: runs) func `twenty AdamW steps lose what the library loses`(_ run: String) throws {
  let golden = try Golden(run), table = ParameterTable(training: golden.adapter.trainable)
  #expect(table.parameters.reduce(0) { $0 + $1.count } == golden.json["trainable_parameters"]?.int)
  let trainer = try golden.trainer(table)
  for index in 0..<20 {
    let record = try trainer.step(golden.task.batches[index % 4])
    #expect(abs(record.loss - golden.number("losses", index)) < 1e-4, "step \(index + 1)")
    #expect(abs(record.learningRate - golden.number("learning_rates", index)) < 1e-9)
    let norm = golden.number("gradient_norms", index)
    #expect(abs(record.gradientNorm - norm) < 1e-4 * max(1, norm))
  }
  let final = try Checkpoint(files: AdapterFormat.weights(in: fixture("adapters/\(run)-final")))
  // Of a network only what it makes is kept.
  if run == "prefix-mlp" {
    let folder = TemporaryFolder()
    try golden.adapter.save(to: folder.path, base: "tiny-bert", head: .tokens)
    let made = try Checkpoint(file: folder.path + "/adapter_model.safetensors")
    #expect(made.names == final.names)
    for name in made.names { #expect(try relativeError(made.array(name), final.array(name)) < 1e-3, "\(name)") }
    return
  }
  for parameter in golden.adapter.trainable {
    #expect(relativeError(parameter.values, try Golden.find(parameter, in: final)) < 1e-3, "\(parameter.name)")
  }
}

@Test(arguments: runs) func `in bf16 they lose the same, but for rounding`(_ run: String) throws {
  let golden = try Golden(run), table = ParameterTable(training: golden.adapter.trainable)
  golden.model.use(.bf16)
  #expect(golden.model.projections.allSatisfy { $0.weight.isHalf })
  let trainer = try golden.trainer(table)
  var worst = 0.0
  for index in 0..<20 {
    let record = try trainer.step(golden.task.batches[index % 4])
    worst = max(worst, abs(record.loss - golden.number("losses", index)))
  }
  #expect(worst < 5e-2, "\(worst)")
  #expect(worst > 1e-6, "nothing was rounded")
}
