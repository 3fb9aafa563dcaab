/// LoRA folders of PEFT: logits, saved files, and the choice of target modules.
import Autograd
import Checkpoints
import Encoders
import Files
import TestSupport
import Testing

@testable import Adapters

private let folders = ["lora-start", "lora-pattern-start", "lora-bias-start", "lora-final"]

@Test(arguments: folders)
func `PEFT's adapter gives PEFT's logits, and the base's bits stay the same`(_ name: String) throws {
  let model = try tinyModel(), batch = try goldenBatch()
  let golden = try Checkpoint(file: fixture("adapters/golden.safetensors"))
  let before = model(batch, Pass(Workspace())).array
  #expect(relativeError(before, try golden.array("logits.base")) < 1e-5)
  let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: model)
  let adapted = model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array
  #expect(relativeError(adapted, try golden.array("logits.\(name)")) < 1e-5)
  #expect(model(batch, Pass(Workspace())).array == before)
}

@Test(arguments: folders)
func `a loaded adapter is saved with the same tensors and settings`(_ name: String) throws {
  let model = try tinyModel(), folder = TemporaryFolder()
  let source = fixture("adapters/\(name)")
  try Adapter(folder: source, on: model).save(to: folder.path, base: "tiny-bert", head: .tokenClassification)
  let ours = try Checkpoint(file: folder.path + "/adapter_model.safetensors")
  let theirs = try Checkpoint(file: source + "/adapter_model.safetensors")
  let names = theirs.names.filter { !$0.contains("original_module") && !$0.contains("modules_to_save") }
  #expect(ours.names == names)
  for tensor in names { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
  let (config, golden) = (
    try JSON(path: folder.path + "/adapter_config.json"), try JSON(path: source + "/adapter_config.json")
  )
  for (key, value) in golden.object ?? [:] where key != "base_model_name_or_path" && key != "target_modules" {
    #expect(config[key] == value || config[key]?.number == value.number && value.number != nil, "\(key)")
  }
  #expect(Set(config.object.map { Array($0.keys) } ?? []) == Set(golden.object.map { Array($0.keys) } ?? []))
}

@Test func `adapter_model.bin is read where there is no safetensors file`() throws {
  let model = try tinyModel(), folder = TemporaryFolder(), source = fixture("adapters/lora-start")
  let golden = try Checkpoint(file: fixture("adapters/golden.safetensors"))
  try writeFile(readFile(source + "/adapter_config.json"), to: folder.path + "/adapter_config.json")
  try writeFile(readFile(fixture("torch/adapter_model.bin")), to: folder.path + "/adapter_model.bin")
  let adapter = try Adapter(folder: folder.path, on: model)
  let adapted = model(try goldenBatch(), adapters: RowAdapters(adapter.set), Pass(Workspace())).array
  #expect(relativeError(adapted, try golden.array("logits.lora-start")) < 1e-5)
  #expect(adapter.notes.isEmpty)
  try writeFile(readFile(source + "/adapter_model.safetensors"), to: folder.path + "/adapter_model.safetensors")
  let both = try Adapter(folder: folder.path, on: model)
  #expect(both.notes.count == 1 && both.notes[0].hasSuffix("adapter_model.safetensors is read"))
  try writeFile("not safetensors", to: folder.path + "/adapter_model.safetensors")
  #expect(throws: CheckpointFault.self) { try Adapter(folder: folder.path, on: model) }
}

@Test func `the error of a pattern that is refused names the file and the key`() throws {
  let model = try tinyModel(), folder = TemporaryFolder(), source = fixture("adapters/lora-start")
  let config = try JSON(path: source + "/adapter_config.json").with("rank_pattern", [#"(.)\1"#: 8])
  try writeFile(config.text(), to: folder.path + "/adapter_config.json")
  try writeFile(readFile(source + "/adapter_model.safetensors"), to: folder.path + "/adapter_model.safetensors")
  let fault = #expect(throws: AdapterFault.self) { try Adapter(folder: folder.path, on: model) }
  let text = "\(fault!)"
  #expect(
    text.contains(folder.path + "/adapter_config.json") && text.contains("'rank_pattern': the pattern"), "\(text)")
  #expect(text.contains("depends on what a group has matched") && !text.contains("not a regular"), "\(text)")
}

@Test func `adapters that are used in turn on one base do not change each other`() throws {
  let model = try tinyModel(), batch = try goldenBatch()
  let golden = try Checkpoint(file: fixture("adapters/golden.safetensors"))
  let adapters = try folders.map { try Adapter(folder: fixture("adapters/\($0)"), on: model) }
  for round in 0..<2 {
    for (name, adapter) in zip(folders, adapters) {
      let logits = model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array
      #expect(relativeError(logits, try golden.array("logits.\(name)")) < 1e-5, "\(name), round \(round)")
    }
  }
}

/// A DistilBERT, the folder of a PEFT adapter for it, and a batch.
private func distilbert() throws -> (model: TextModel, folder: String, batch: Batch) {
  (try tinyModel("tiny-distilbert"), fixture("tiny-distilbert/lora"), try goldenBatch("tiny-distilbert"))
}

@Test func `PEFT's adapter of a DistilBERT gives PEFT's logits, and is saved unchanged`() throws {
  let (model, source, batch) = try distilbert()
  let golden = try Checkpoint(file: source + "/golden.safetensors"), folder = TemporaryFolder()
  let before = model(batch, Pass(Workspace())).array
  let adapter = try Adapter(folder: source, on: model)
  let adapted = model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array
  #expect(relativeError(adapted, try golden.array("logits")) < 1e-5)
  #expect(model(batch, Pass(Workspace())).array == before)
  try adapter.save(to: folder.path, base: "tiny-distilbert", head: .tokenClassification)
  let (ours, theirs) = (
    try Checkpoint(file: folder.path + "/adapter_model.safetensors"),
    try Checkpoint(file: source + "/adapter_model.safetensors")
  )
  #expect(ours.names == theirs.names)
  for tensor in theirs.names { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
  let config = try JSON(path: folder.path + "/adapter_config.json")
  for key in ["target_modules", "modules_to_save", "task_type", "r"] {
    #expect(try config[key] == JSON(path: source + "/adapter_config.json")[key], "\(key)")
  }
}

@Test func `the default targets are query and value, by the family's names, and are saved`() throws {
  for (model, names) in [(try tinyModel(), ["query", "value"]), (try distilbert().model, ["q_lin", "v_lin"])] {
    let adapter = try Adapter(LoRAConfig(), on: model, seed: 1), folder = TemporaryFolder()
    #expect(adapter.injection.projections.count == 4)
    #expect(
      adapter.injection.projections.allSatisfy { target in names.contains { target.projection.name.hasSuffix("." + $0) }
      })
    try adapter.save(to: folder.path, base: "b", head: .tokenClassification)
    #expect(try JSON(path: folder.path + "/adapter_config.json")["target_modules"] == .array(names.map(JSON.string)))
  }
}

@Test func `all-linear and layers_to_transform select DistilBERT's modules`() throws {
  var config = LoRAConfig()
  config.modules.targets = .allLinear
  #expect(try config.resolve(in: distilbert().model).count == 12)
  config.modules.layers = [1]
  #expect(try config.resolve(in: distilbert().model).map(\.projection.name).allSatisfy { $0.contains("layer.1.") })
  config.modules.targets = .suffixes(["query"])
  let fault = #expect(throws: TargetFault.self) { try config.resolve(in: distilbert().model) }
  #expect("\(fault!)".contains("k_lin, lin1, lin2, out_lin, q_lin, v_lin"))
}

/// PEFT 0.21 finds the layers of a model without a head by this name only.
@Test func `an adapter of some layers names ModernBERT's list of layers`() throws {
  for (base, pattern) in [("families/modernbert-token", "layers"), ("tiny-bert", nil)] as [(String, JSON)] {
    let model = try tinyModel(base), folder = TemporaryFolder()
    var config = LoRAConfig()
    (config.modules.targets, config.modules.layers) = (.allLinear, [1])
    let adapter = try Adapter(config, on: model, seed: 1)
    try adapter.save(to: folder.path, base: "b", head: .tokenClassification)
    let saved = try JSON(path: folder.path + "/adapter_config.json")
    #expect(saved["layers_pattern"] == pattern && saved["layers_to_transform"] == [1])
    let read = try Adapter(folder: folder.path, on: tinyModel(base))
    #expect(read.injection.projections.map(\.projection.name) == adapter.injection.projections.map(\.projection.name))
  }
}

@Test func `a target that matches no module is an error that lists the module names`() throws {
  let model = try tinyModel()
  var config = LoRAConfig()
  config.modules.targets = .suffixes(["query", "c_attn"])
  let fault = #expect(throws: TargetFault.self) { try Adapter(config, on: model, seed: 1) }
  #expect("\(fault!)".contains("\"c_attn\"") && "\(fault!)".contains("dense, key, query, value"))
}

@Test(arguments: [
  (ModuleChoice.Targets.allLinear, 12), (.suffixes(["query", "value"]), 4),
  (.pattern(".*attention.*\\.(query|dense)"), 4),
])
func `target_modules selects the modules that PEFT selects`(_ targets: ModuleChoice.Targets, _ count: Int) throws {
  var config = LoRAConfig()
  config.modules.targets = targets
  #expect(try config.resolve(in: tinyModel()).count == count)
}
