import Autograd
import Checkpoints
import Files
import Models
import TestSupport
import Testing

@testable import Adapters
@testable import Training

/// The adapter from which PEFT's run of this name began.
private func start(_ run: String, on model: TextModel) throws -> Adapter {
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

private func golden(_ run: String) throws -> TwentySteps { try TwentySteps(run) { try start(run, on: $0) } }

@Test(arguments: ["dora", "pissa", "olora", "adalora"])
func `twenty steps of LoRA's family lose what they lose in PEFT, and end where it ends`(_ run: String) throws {
  let golden = try golden(run)
  try golden.expectFirstGradients(within: 1e-4) { run != "pissa" || !$0.contains("lora_") }
  try golden.follow { index, record in
    #expect(record.terms.reduce(0) { $0 + $1.loss } == (run == "adalora" ? record.loss : 0))
    #expect(rank(of: golden.table) == golden.json["ranks"]?.array?[index].int, "step \(index + 1)")
  }
  let final = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
  let logits = golden.model(try goldenBatch(), Pass(Workspace()))
  #expect(relativeError(logits.array, try final.array("logits.final")) < 1e-3)
}

/// Triplets of AdaLoRA that are not forgotten.
private func rank(of table: ParameterTable) -> Int {
  table.parameters.filter { $0.name.hasSuffix(".lora_E") }.reduce(0) { $0 + $1.values.count { $0 != 0 } }
}

@Test func `DoRA in bf16 loses what it loses in fp32, but for rounding`() throws {
  try golden("dora").followRounded(within: 3e-2)
}

@Test func `what AdaLoRA has learned is saved as PEFT saves it, triplets that went left out`() throws {
  let run = try golden("adalora"), trainer = try run.trainer(threads: 1), folder = TemporaryFolder()
  for index in 0..<20 { _ = try trainer.step(run.task.batches[index % 4]) }
  try run.adapter?.save(to: folder.path, base: "tiny-bert", head: .tokenClassification)
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
  let folder = TemporaryFolder()
  func run(_ steps: Range<Int>, resume: Bool) throws -> [Float] {
    let run = try golden("adalora"), trainer = try run.trainer(threads: resume ? 1 : 2)
    if resume { try trainer.loadSnapshot(from: folder.path + "/snapshot", inputs: "") }
    for index in steps { _ = try trainer.step(run.task.batches[index % 4]) }
    if !resume { try trainer.saveSnapshot(to: folder.path + "/snapshot", inputs: "") }
    return run.table.values
  }
  for cut in [2, 9, 17] {
    let whole = try run(0..<20, resume: false)
    _ = try run(0..<cut, resume: false)
    #expect(try run(cut..<20, resume: true) == whole, "cut after \(cut)")
  }
}

@Test func `AdaLoRA has no time in a run that is all beginning and end`() throws {
  var config = AdaLoRAConfig()
  (config.tInit, config.tFinal) = (12, 8)
  let adapter = try Adapter(config, on: tinyModel(), seed: 1)
  #expect(throws: BudgetFault.self) { try adapter.hook?.begin(steps: 20) }
  try adapter.hook?.begin(steps: 21)
}

@Test func `AdaLoRA that would allocate after the last step only is refused`() throws {
  var config = AdaLoRAConfig()
  (config.tInit, config.deltaT) = (10, 10)
  let adapter = try Adapter(config, on: tinyModel(), seed: 1)
  #expect(throws: BudgetFault.self) { try adapter.hook?.begin(steps: 20) }
  try adapter.hook?.begin(steps: 21)
}

@Test func `LoRA+ loses what it loses with PEFT's optimizer`() throws {
  let golden = try TwentySteps("lora-plus") { try Adapter(folder: fixture("adapters/lora-start"), on: $0) }
  var config = LoRAConfig(), settings = TwentySteps.settings
  config.loraPlusRatio = 8
  settings.learningRate = 1e-3
  let trainer = try Trainer(
    golden.model, golden.task, golden.table, settings, Replicas(threads: 2),
    learningRateFactor: config.learningRateFactor)
  for index in 0..<20 {
    let record = try trainer.step(golden.task.batches[index % 4])
    #expect(abs(record.loss - golden.number("losses", index)) < 1e-4, "step \(index + 1)")
  }
}
