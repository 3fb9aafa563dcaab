import Autograd
import Checkpoints
import Files
import FoundationEssentials
import Kernels
import Models
import TestSupport
import Testing

@testable import Adapters

/// The logits of the model as it is now.
func logits(_ model: TextModel) throws -> [Float] { model(try goldenBatch(), Pass(Workspace())).array }

private let runs = ["dora", "pissa", "olora", "adalora"]

@Test(arguments: runs, ["start", "final"])
func `a folder of PEFT's LoRA family gives PEFT's logits, is saved as it was, and goes without a trace`(
  _ run: String, _ moment: String
) throws {
  let model = try tinyModel(), source = fixture("adapters/\(run)-\(moment)")
  let before = try logits(model)
  let adapter = try Adapter(folder: source, on: model)
  adapter.attach()
  // At the start of PiSSA and OLoRA PEFT's weight lacks what the file holds.
  if run == "dora" || run == "adalora" || moment == "final" {
    let golden = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
    #expect(relativeError(try logits(model), try golden.array("logits.\(moment)")) < 1e-5)
  }
  adapter.detach()
  #expect(try logits(model) == before)
  let folder = TemporaryFolder()
  try adapter.save(to: folder.path, base: "tiny-bert", head: .tokenClassification)
  let ours = try Checkpoint(file: folder.path + "/adapter_model.safetensors")
  let theirs = try Checkpoint(file: source + "/adapter_model.safetensors")
  #expect(ours.names == theirs.names)
  for tensor in theirs.names { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
  try expectSameSettings(folder.path, source)
}

/// adapter_config.json has the same keys, and the same values but for the targets' order.
func expectSameSettings(_ folder: String, _ source: String) throws {
  let ours = try JSON(path: folder + "/adapter_config.json").object ?? [:]
  let theirs = try JSON(path: source + "/adapter_config.json").object ?? [:]
  #expect(Set(ours.keys) == Set(theirs.keys))
  for (key, value) in theirs where key != "target_modules" {
    let isSameNumber = value.number != nil && abs((ours[key]?.number ?? .nan) - (value.number ?? 0)) < 1e-12
    #expect(ours[key] == value || isSameNumber, "\(key)")
  }
}

@Test(arguments: [("pissa", LoRAInit.pissa), ("olora", .olora)])
func `what PEFT took out of the weight is found again where its file says so`(_ name: String, _ start: LoRAInit) throws
{
  let model = try tinyModel(), before = try logits(model)
  let folder = TemporaryFolder(), source = fixture("adapters/\(name)-start")
  try FileManager.default.copyItem(
    atPath: source + "/adapter_model.safetensors", toPath: folder.path + "/adapter_model.safetensors")
  let said = try readText(source + "/adapter_config.json")
    .replacing("\"init_lora_weights\": true", with: "\"init_lora_weights\": \"\(name)\"")
  try writeFile(said, to: folder.path + "/adapter_config.json")
  let adapter = try Adapter(folder: folder.path, on: model)
  #expect((adapter.method as? LoRAConfig)?.initialization == start)
  adapter.attach()
  let error = relativeError(try logits(model), before)
  #expect(error < 3e-5, "\(error)")
}

@Test func `a file whose weight was changed by chance, or by data, is refused`() throws {
  for name in ["pissa_niter_4", "corda", "lora_ga", "loftq"] {
    var reader = AdapterConfigReader(["r": 4, "init_lora_weights": .string(name)])
    _ = LoRAConfig(&reader)
    #expect(reader.problems.contains { $0.contains("path_initial_model_for_weight_conversion") }, "\(name)")
  }
}

@Test func `LoRA+ speeds up B and every vector, nothing else`() {
  var config = LoRAConfig()
  let shapes: [(String, [Int])] = [
    ("q.lora_A.weight", [2, 4]), ("q.lora_B.weight", [4, 2]), ("q.lora_magnitude_vector", [4]),
    ("classifier.weight", [3, 4]), ("classifier.bias", [3]),
  ]
  let parameters = shapes.map { Parameter($0.0, shape: $0.1) }
  #expect(parameters.map(config.learningRateFactor) == [1, 1, 1, 1, 1])
  config.loraPlusRatio = 16
  #expect(parameters.map(config.learningRateFactor) == [1, 16, 16, 1, 16])
}

/// A block of BERT-base without its words: adapters of its twelve blocks are twelve times as many.
private func bertBaseBlock() throws -> TextModel {
  try Processor.initialize()
  let config = try ModelConfig(
    json: [
      "model_type": "bert", "vocab_size": 8, "hidden_size": 768, "num_hidden_layers": 1, "num_attention_heads": 12,
      "intermediate_size": 3072, "max_position_embeddings": 8, "type_vocab_size": 2,
    ], file: "config.json")
  return try TextModel(config, nil, kind: .tokenClassification, classes: 3, reuseHead: false, seed: 1)
}

/// Numbers that learn on BERT-base beside the head, as PEFT 0.21.2's get_nb_trainable_parameters counts them.
@Test func `on BERT-base as many numbers learn as PEFT counts`() throws {
  let model = try bertBaseBlock()
  func count(_ change: (inout LoRAConfig) -> Void) throws -> Int {
    var config = LoRAConfig()
    change(&config)
    return 12 * (try Adapter(config, on: model, seed: 1).addedParameters)
  }
  #expect(try count { _ in } == 294_912)
  #expect(try count { $0.useDoRA = true } == 313_344)
  #expect(try count { $0.initialization = .olora } == 294_912)
  #expect(12 * (try Adapter(AdaLoRAConfig(), on: model, seed: 1).addedParameters) == 442_656)
}
