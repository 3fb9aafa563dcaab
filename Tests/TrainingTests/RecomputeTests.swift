/// Training with recomputed blocks is training: the same loss and gradients, bit for bit, from fewer buffers.
import Adapters
import Autograd
import Checkpoints
import Files
import Kernels
import Models
import TestSupport
import Testing

/// What learns.
enum Learning: CaseIterable { case everything, lora, upperLoRA, head }

/// A model of `layers` blocks with dropout, from the fixture where it has as many, else from chance.
private func model(layers: Int) throws -> TextModel {
  try Processor.initialize()
  let folder = fixture("tiny-bert")
  var json = try JSON(path: folder + "/config.json").object ?? [:]
  let fits = json["num_hidden_layers"] == .int(layers)
  json["num_hidden_layers"] = .int(layers)
  var config = try ModelConfig(json: .object(json), file: "config.json")
  (config.dropout, config.attentionDropout) = (0.1, 0.2)
  return try TextModel(
    config, fits ? Checkpoint(folder: folder) : nil, kind: .tokenClassification, classes: 5, reuseHead: fits, seed: 1)
}

private struct Step: Equatable {
  var loss: Double
  var gradients: [UInt32]
}

/// One step's loss and gradients, and the buffers that it took.
private func step(_ model: TextModel, _ table: ParameterTable, recompute: Bool) -> (Step, buffers: Int) {
  model.gradientCheckpointing = recompute
  let batch = Batch([Array(5..<30), [7], Array(20..<31)])
  let gradients = Gradients(table), workspace = Workspace()
  let pass = Pass(workspace, gradients: gradients, randomKey: RandomKey(seed: 3, step: 4, shard: 1))
  let targets = (0..<batch.count).map { Int32($0 % 6) - 1 }
  let loss = crossEntropy(model(batch, pass), targets: targets, norm: 30, pass)
  pass.backward()
  gradients.finish()
  return (
    Step(loss: loss, gradients: (0..<gradients.count).map { gradients.pointer[$0].bitPattern }),
    workspace.allocations
  )
}

private func table(_ learning: Learning, _ model: TextModel) throws -> ParameterTable {
  if learning == .everything { return ParameterTable(training: model.parameters) }
  if learning == .head {
    let head = [model.classifier.weight, model.classifier.bias]
    return ParameterTable(training: head, freezing: model.parameters)
  }
  var options = LoRAConfig()
  options.modules.targets = .allLinear
  options.dropout = 0.1
  options.modules.layers = learning == .upperLoRA ? [1] : nil
  let adapter = try Adapter(options, on: model, seed: 1)
  // B is zero in a new adapter, and A's gradient with it.
  for parameter in adapter.trainable where parameter.name.hasSuffix("lora_B.weight") {
    Initializer.normal(0.1).fill(parameter, seed: 2)
  }
  adapter.attach()
  let table = ParameterTable(training: adapter.trainable)
  return table
}

@Test(arguments: [2, 5], Learning.allCases)
func `recomputed blocks lose what kept ones lose, and every gradient has the same bits`(
  _ layers: Int, _ learning: Learning
) throws {
  let model = try model(layers: layers), table = try table(learning, model)
  let (kept, _) = step(model, table, recompute: false), (again, _) = step(model, table, recompute: true)
  #expect(again == kept)
  #expect(kept.loss.isFinite && kept.gradients.contains { $0 != 0 })
}

@Test(arguments: [Learning.everything, .lora])
func `a recomputed block more is a buffer more`(_ learning: Learning) throws {
  let buffers = try [4, 8].map { layers in
    let model = try model(layers: layers), table = try table(learning, model)
    return [true, false].map { step(model, table, recompute: $0).buffers }
  }
  #expect(buffers[1][0] - buffers[0][0] == 4, "its input")
  #expect(buffers[1][1] - buffers[0][1] >= 4 * 8)
}
