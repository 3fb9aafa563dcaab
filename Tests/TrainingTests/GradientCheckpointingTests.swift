/// Tests gradient checkpointing: the same loss and gradients, bit for bit, with fewer buffers.
import Adapters
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import TestSupport
import Testing

/// What is trained.
enum TrainedParts: CaseIterable { case everything, lora, upperLoRA, head }

/// A model of `layers` blocks with dropout: the fixture if it has as many blocks, else randomly initialized.
private func model(layers: Int) throws -> TextModel {
  try Processor.initialize()
  let folder = fixture("tiny-bert")
  var json = try JSON(path: folder + "/config.json").object ?? [:]
  let isFixture = json["num_hidden_layers"] == .int(layers)
  json["num_hidden_layers"] = .int(layers)
  var config = try ModelConfig(json: .object(json), file: "config.json")
  (config.dropout, config.attentionDropout) = (0.1, 0.2)
  return try TextModel(
    config, isFixture ? Checkpoint(folder: folder) : nil, headType: .tokenClassification, classes: 5,
    reuseHead: isFixture, seed: 1)
}

private struct Step: Equatable {
  var loss: Double
  var gradients: [UInt32]
}

/// The loss and gradients of one step, and the number of buffers it allocated.
private func step(
  _ model: TextModel, _ adapters: RowAdapters, _ table: ParameterTable, checkpointing: Bool
) -> (Step, buffers: Int) {
  model.gradientCheckpointing = checkpointing
  let batch = Batch([Array(5..<30), [7], Array(20..<31)])
  let gradients = Gradients(table), workspace = Workspace()
  let pass = Pass(workspace, gradients: gradients, randomKey: RandomKey(seed: 3, step: 4, shard: 1))
  let targets = (0..<batch.count).map { Int32($0 % 6) - 1 }
  let loss = crossEntropy(model(batch, adapters: adapters, pass), targets: targets, norm: 30, pass)
  pass.backward()
  gradients.finish()
  return (
    Step(loss: loss, gradients: (0..<gradients.count).map { gradients.pointer[$0].bitPattern }),
    workspace.allocations
  )
}

private func table(_ trained: TrainedParts, _ model: TextModel) throws -> (RowAdapters, ParameterTable) {
  if trained == .everything { return (.none, ParameterTable(training: model.parameters)) }
  if trained == .head {
    let head = model.classifier.parameters
    return (.none, ParameterTable(training: head, freezing: model.parameters))
  }
  var options = LoRAConfig()
  options.modules.targets = .allLinear
  options.dropout = 0.1
  options.modules.layers = trained == .upperLoRA ? [1] : nil
  let adapter = try Adapter(options, on: model, seed: 1)
  // In a new adapter B is zero, and therefore A's gradient.
  for parameter in adapter.trainable where parameter.name.hasSuffix("lora_B.weight") {
    Initializer.normal(0.1).fill(parameter, seed: 2)
  }
  return (RowAdapters(adapter.set), ParameterTable(training: adapter.trainable))
}

@Test(arguments: [2, 5], TrainedParts.allCases)
func `gradient checkpointing does not change a bit of the loss and the gradients`(
  _ layers: Int, _ trained: TrainedParts
) throws {
  let model = try model(layers: layers), (adapters, table) = try table(trained, model)
  let (plain, _) = step(model, adapters, table, checkpointing: false)
  let (checkpointed, _) = step(model, adapters, table, checkpointing: true)
  #expect(checkpointed == plain)
  #expect(plain.loss.isFinite && plain.gradients.contains { $0 != 0 })
}

@Test(arguments: [TrainedParts.everything, .lora])
func `with checkpointing each further block keeps one buffer`(_ trained: TrainedParts) throws {
  let buffers = try [4, 8].map { layers in
    let model = try model(layers: layers), (adapters, table) = try table(trained, model)
    return [true, false].map { step(model, adapters, table, checkpointing: $0).buffers }
  }
  #expect(buffers[1][0] - buffers[0][0] == 4, "its input")
  #expect(buffers[1][1] - buffers[0][1] >= 4 * 8)
}
