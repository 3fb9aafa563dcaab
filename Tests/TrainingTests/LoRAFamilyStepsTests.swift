/// Tests DoRA, PiSSA, OLoRA, AdaLoRA and LoRA+ against PEFT for twenty steps.
import Autograd
import Checkpoints
import Encoders
import Files
import TestSupport
import Testing

@testable import Adapters
@testable import Training

/// The initial adapter of PEFT's run of this name.
private func initialAdapter(_ run: String, on model: TextModel) throws -> Adapter {
  var config = LoRAConfig()
  (config.rank, config.alpha) = (4, 6)
  switch run {
  case "pissa":
    config.initialization = .pissa
    config.modules.targets = .allLinear
    config.rankPattern = ["query": 2]
    config.alphaPattern = ["key": 3]
  case "olora":
    config.initialization = .olora
    config.useRSLoRA = true
  case "adalora":
    let saved = try Adapter(folder: fixture("adapters/\(run)-start"), on: model)
    // An adapter read from a file has no rank allocator. A new one does; it gets the same weights.
    let new = try Adapter(saved.method as? AdaLoRAConfig ?? AdaLoRAConfig(), on: model, seed: 1)
    for (to, from) in zip(new.trainable, saved.trainable) { _ = to.values.update(fromContentsOf: from.values) }
    return new
  default: return try Adapter(folder: fixture("adapters/\(run)-start"), on: model)
  }
  return try Adapter(config, on: model, seed: 1)
}

private func golden(_ run: String) throws -> TwentySteps { try TwentySteps(run) { try initialAdapter(run, on: $0) } }

@Test(arguments: ["dora", "pissa", "olora", "adalora"])
func `losses and final logits of LoRA variants match PEFT's for twenty steps`(_ run: String) throws {
  let golden = try golden(run)
  try golden.expectFirstGradients(within: 1e-4) { run != "pissa" || !$0.contains("lora_") }
  try golden.expectSteps { index, record in
    #expect(record.terms.reduce(0) { $0 + $1.loss } == (run == "adalora" ? record.loss : 0))
    #expect(rank(of: golden.table) == golden.json["ranks"]?.array?[index].int, "step \(index + 1)")
  }
  let final = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
  let logits = golden.model(try goldenBatch(), adapters: golden.adapters, Pass(Workspace()))
  #expect(relativeError(logits.array, try final.array("logits.final")) < 1e-3)
}

/// The number of AdaLoRA's triplets that are not pruned.
private func rank(of table: ParameterTable) -> Int {
  table.parameters.filter { $0.name.hasSuffix(".lora_E") }.reduce(0) { $0 + $1.values.count { $0 != 0 } }
}

@Test func `DoRA's bf16 losses match fp32 up to rounding`() throws {
  try golden("dora").expectBF16Losses(within: 3e-2)
}

@Test func `a trained AdaLoRA adapter is saved as by PEFT, without pruned triplets`() throws {
  let run = try golden("adalora"), trainer = try run.trainer(threads: 1), folder = TemporaryFolder()
  for index in 0..<20 { _ = try trainer.step(run.task.batches[index % 4]) }
  try run.adapter?.save(to: folder.path, base: "tiny-bert", head: .tokenClassification)
  let reference = fixture("adapters/adalora-final")
  let (saved, golden) = (
    try Checkpoint(file: folder.path + "/adapter_model.safetensors"),
    try Checkpoint(file: reference + "/adapter_model.safetensors")
  )
  #expect(saved.names == golden.names)
  for name in golden.names {
    #expect(try saved.info(name).shape == golden.info(name).shape, "\(name)")
    #expect(relativeError(try saved.array(name), try golden.array(name)) < 2e-3, "\(name)")
  }
  for key in ["rank_pattern", "total_step", "init_r", "target_r"] {
    #expect(
      try JSON(path: folder.path + "/adapter_config.json")[key] == JSON(path: reference + "/adapter_config.json")[key])
  }
}

@Test func `an interrupted AdaLoRA run resumes to the same bytes`() throws {
  let folder = TemporaryFolder()
  func run(_ steps: Range<Int>, resume: Bool) throws -> [Float] {
    let run = try golden("adalora"), trainer = try run.trainer(threads: resume ? 1 : 2)
    if resume { try trainer.loadSnapshot(from: folder.path + "/snapshot", inputs: "") }
    for index in steps { _ = try trainer.step(run.task.batches[index % 4]) }
    if !resume { try trainer.saveSnapshot(to: folder.path + "/snapshot", inputs: "") }
    return run.table.values
  }
  for stop in [2, 9, 17] {
    let uninterrupted = try run(0..<20, resume: false)
    _ = try run(0..<stop, resume: false)
    #expect(try run(stop..<20, resume: true) == uninterrupted, "interrupted after \(stop)")
  }
}

@Test func `AdaLoRA is refused if tInit and tFinal leave no steps between them`() throws {
  var config = AdaLoRAConfig()
  (config.tInit, config.tFinal) = (12, 8)
  let adapter = try Adapter(config, on: tinyModel(), seed: 1)
  #expect(throws: BudgetFault.self) { try adapter.hook?.begin(steps: 20) }
  try adapter.hook?.begin(steps: 21)
}

@Test func `AdaLoRA is refused if it would allocate ranks only after the last step`() throws {
  var config = AdaLoRAConfig()
  (config.tInit, config.deltaT) = (10, 10)
  let adapter = try Adapter(config, on: tinyModel(), seed: 1)
  #expect(throws: BudgetFault.self) { try adapter.hook?.begin(steps: 20) }
  try adapter.hook?.begin(steps: 21)
}

@Test func `LoRA+ losses match those of PEFT's optimizer`() throws {
  let golden = try TwentySteps("lora-plus") { try Adapter(folder: fixture("adapters/lora-start"), on: $0) }
  var config = LoRAConfig(), settings = TwentySteps.settings
  config.loraPlusRatio = 8
  settings.learningRate = 1e-3
  let trainer = try Trainer(
    golden.model, golden.task, golden.table, settings, Replicas(threads: 2), adapters: golden.adapters,
    learningRateFactor: config.learningRateFactor)
  for index in 0..<20 {
    let record = try trainer.step(golden.task.batches[index % 4])
    #expect(abs(record.loss - golden.number("losses", index)) < 1e-4, "step \(index + 1)")
  }
}
