/// DoRA, PiSSA, OLoRA and AdaLoRA folders of PEFT, LoRA+, and parameter counts.
import Autograd
import Checkpoints
import Encoders
import Files
import FoundationEssentials
import Kernels
import TestSupport
import Testing

@testable import Adapters

/// The logits of the model with the adapter; nil: of the base.
func logits(_ model: TextModel, _ adapter: Adapter? = nil) throws -> [Float] {
  model(try goldenBatch(), adapters: RowAdapters(adapter?.set), Pass(Workspace())).array
}

private let runs = ["dora", "pissa", "olora", "adalora"]

@Test(arguments: runs, ["start", "final"])
func `a PEFT folder gives PEFT's logits, is saved unchanged, and does not change the base`(
  _ run: String, _ stage: String
) throws {
  let model = try tinyModel(), source = fixture("adapters/\(run)-\(stage)")
  let before = try logits(model)
  let adapter = try Adapter(folder: source, on: model)
  // PEFT's initial PiSSA and OLoRA weights lack the part that is in the file.
  if run == "dora" || run == "adalora" || stage == "final" {
    let golden = try Checkpoint(file: fixture("adapters/\(run)-gradients.safetensors"))
    #expect(relativeError(try logits(model, adapter), try golden.array("logits.\(stage)")) < 1e-5)
  }
  #expect(try logits(model) == before)
  let folder = TemporaryFolder()
  try adapter.save(to: folder.path, base: "tiny-bert", head: .tokenClassification)
  let ours = try Checkpoint(file: folder.path + "/adapter_model.safetensors")
  let theirs = try Checkpoint(file: source + "/adapter_model.safetensors")
  #expect(ours.names == theirs.names)
  for tensor in theirs.names { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
  try expectSameSettings(folder.path, source)
}

/// Compares two adapter_config.json: the same keys and, without the order of targets, the same values.
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
func `PiSSA and OLoRA files without conversion are read with recomputed initial matrices`(
  _ name: String, _ initialization: LoRAInit
) throws {
  let model = try tinyModel(), before = try logits(model)
  let folder = TemporaryFolder(), source = fixture("adapters/\(name)-start")
  try FileManager.default.copyItem(
    atPath: source + "/adapter_model.safetensors", toPath: folder.path + "/adapter_model.safetensors")
  let config = try readText(source + "/adapter_config.json")
    .replacing("\"init_lora_weights\": true", with: "\"init_lora_weights\": \"\(name)\"")
  try writeFile(config, to: folder.path + "/adapter_config.json")
  let adapter = try Adapter(folder: folder.path, on: model)
  #expect((adapter.method as? LoRAConfig)?.initialization == initialization)
  let error = relativeError(try logits(model, adapter), before)
  #expect(error < 3e-5, "\(error)")
}

@Test func `a file whose base weight was changed with random numbers or data is refused`() throws {
  for name in ["pissa_niter_4", "corda", "lora_ga", "loftq"] {
    var reader = AdapterConfigReader(["r": 4, "init_lora_weights": .string(name)])
    _ = LoRAConfig(&reader)
    #expect(reader.problems.contains { $0.contains("path_initial_model_for_weight_conversion") }, "\(name)")
  }
}

@Test func `LoRA+ raises the learning rate of B and of vectors only`() {
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

/// One block of BERT-base with a tiny vocabulary; twelve blocks have twelve times as many adapter parameters.
private func bertBaseBlock() throws -> TextModel {
  try Processor.initialize()
  let config = try ModelConfig(
    json: [
      "model_type": "bert", "vocab_size": 8, "hidden_size": 768, "num_hidden_layers": 1, "num_attention_heads": 12,
      "intermediate_size": 3072, "max_position_embeddings": 8, "type_vocab_size": 2,
    ], file: "config.json")
  return try TextModel(config, nil, headType: .tokenClassification, classes: 3, reuseHead: false, seed: 1)
}

/// Trainable parameters without the head, as counted by `get_nb_trainable_parameters` of PEFT 0.21.2.
@Test func `the LoRA family has PEFT's trainable parameter counts on BERT-base`() throws {
  let model = try bertBaseBlock()
  func count(_ change: (inout LoRAConfig) -> Void) throws -> Int {
    var config = LoRAConfig()
    change(&config)
    return 12 * (try Adapter(config, on: model, seed: 1).addedParameterCount)
  }
  #expect(try count { _ in } == 294_912)
  #expect(try count { $0.useDoRA = true } == 313_344)
  #expect(try count { $0.initialization = .olora } == 294_912)
  #expect(12 * (try Adapter(AdaLoRAConfig(), on: model, seed: 1).addedParameterCount) == 442_656)
}
