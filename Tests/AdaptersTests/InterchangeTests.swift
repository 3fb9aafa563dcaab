import Autograd
import Checkpoints
import Files
import FoundationEssentials
import Kernels
import Models
import TestSupport
import Testing

@testable import Adapters

private let folders = ["lora-start", "lora-pattern-start", "lora-bias-start", "lora-final"]

private func tinyModel() throws -> TextModel {
  try Processor.start()
  return try TextModel(folder: fixture("tiny-bert"), kind: .tokens, classes: 5, reuseHead: true)
}

private func goldenBatch() throws -> Batch {
  let json = try JSON(path: fixture("tiny-bert/golden-token.json"))
  func rows(_ key: String) -> [[Int32]] {
    (json[key]?.array ?? []).map { ($0.array ?? []).compactMap { $0.int.map(Int32.init) } }
  }
  var batch = Batch()
  for (ids, kinds) in zip(rows("ids"), rows("types")) { batch.append(ids, kinds: kinds) }
  return batch
}

private func temporary() throws -> String {
  let path = FileManager.default.temporaryDirectory.path + "/tune-\(UInt64.random(in: 0...UInt64.max))"
  try makeFolder(path)
  return path
}

@Test(arguments: folders)
func `PEFT's adapter gives PEFT's logits, and taking it out gives the base back bit for bit`(_ name: String) throws {
  let model = try tinyModel(), batch = try goldenBatch()
  let golden = try Checkpoint(file: fixture("adapters/golden.safetensors"))
  let before = model(batch, Pass(Workspace())).array
  #expect(relativeError(before, try golden.array("logits.base")) < 1e-5)
  let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: model)
  adapter.attach()
  #expect(relativeError(model(batch, Pass(Workspace())).array, try golden.array("logits.\(name)")) < 1e-5)
  adapter.detach()
  #expect(model(batch, Pass(Workspace())).array == before)
}

@Test(arguments: folders)
func `what is saved is what was loaded, tensor by tensor, in PEFT's form`(_ name: String) throws {
  let model = try tinyModel(), folder = try temporary()
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let source = fixture("adapters/\(name)")
  try Adapter(folder: source, on: model).save(to: folder, base: "tiny-bert", head: .tokens)
  let ours = try Checkpoint(file: folder + "/adapter_model.safetensors")
  let theirs = try Checkpoint(file: source + "/adapter_model.safetensors")
  let read = theirs.names.filter { !$0.contains("original_module") && !$0.contains("modules_to_save") }
  #expect(ours.names == read)
  for tensor in read { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
  let (config, golden) = (
    try JSON(path: folder + "/adapter_config.json"), try JSON(path: source + "/adapter_config.json")
  )
  for (key, value) in golden.object ?? [:] where key != "base_model_name_or_path" && key != "target_modules" {
    #expect(config[key] == value || config[key]?.number == value.number && value.number != nil, "\(key)")
  }
  #expect(Set(config.object.map { Array($0.keys) } ?? []) == Set(golden.object.map { Array($0.keys) } ?? []))
}

@Test func `two adapters are swapped over one base, each unharmed by the other`() throws {
  let model = try tinyModel(), batch = try goldenBatch()
  let golden = try Checkpoint(file: fixture("adapters/golden.safetensors"))
  let adapters = try folders.map { try Adapter(folder: fixture("adapters/\($0)"), on: model) }
  for round in 0..<2 {
    for (name, adapter) in zip(folders, adapters) {
      adapter.attach()
      let logits = model(batch, Pass(Workspace())).array
      #expect(relativeError(logits, try golden.array("logits.\(name)")) < 1e-5, "\(name), round \(round)")
      adapter.detach()
    }
  }
}

@Test func `a target that matches nothing is an error that names the modules`() throws {
  let model = try tinyModel()
  var config = LoRAConfig()
  config.targets = .suffixes(["query", "c_attn"])
  let fault = #expect(throws: TargetFault.self) { try Adapter(config, on: model, seed: 1) }
  #expect("\(fault!)".contains("\"c_attn\"") && "\(fault!)".contains("dense, key, query, value"))
}

@Test(arguments: [
  (LoRAConfig.Targets.allLinear, 12), (.suffixes(["query", "value"]), 4),
  (.pattern(".*attention.*\\.(query|dense)"), 4),
])
func `targets choose modules as PEFT does`(_ targets: LoRAConfig.Targets, _ count: Int) throws {
  var config = LoRAConfig()
  config.targets = targets
  #expect(try config.resolve(in: tinyModel()).count == count)
}
