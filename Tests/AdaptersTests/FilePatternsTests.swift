/// Patterns of adapter_config.json: they are matched against the names in the file's model, which has no `bert.` if PEFT has
/// trained a model without a head, and tried in the file's order.
import Autograd
import Checkpoints
import Encoders
import Files
import TestSupport
import Testing

@testable import Adapters

/// A copy of a folder of PEFT with other settings, and as of a model without a head if `isBare`.
/// - Parameter first: a member of adapter_config.json as text, of which the order of keys is kept.
private func copy(
  _ name: String, isBare: Bool, _ settings: [String: JSON] = [:], first: String? = nil, only modules: [String] = [""]
) throws -> TemporaryFolder {
  let folder = TemporaryFolder(), source = fixture("adapters/\(name)")
  let config = try JSON(path: source + "/adapter_config.json").object ?? [:]
  let text = JSON.object(config.merging(settings) { $1 }.filter { first?.hasPrefix("\"\($0.key)\"") != true }).text()
  try writeFile(
    first.map { "{" + $0 + "," + text.dropFirst() } ?? text, to: folder.path + "/adapter_config.json")
  let checkpoint = try Checkpoint(file: source + "/adapter_model.safetensors")
  let names = checkpoint.names.filter { name in modules.contains { name.contains($0) } || name.contains("classifier") }
  let tensors: [SavedTensor] = try names.map {
    (isBare ? $0.replacing(".bert.", with: ".") : $0, try checkpoint.info($0).shape, try checkpoint.array($0))
  }
  try withPointers(tensors) { try writeSafetensors(to: folder.path + "/adapter_model.safetensors", tensors: $0) }
  return folder
}

private func logits(_ folder: TemporaryFolder) throws -> [Float] {
  let model = try tinyModel(), adapter = try Adapter(folder: folder.path, on: model)
  return model(try goldenBatch(), adapters: RowAdapters(adapter.set), Pass(Workspace())).array
}

@Test(arguments: ["lora-start", "dora-start", "weights/loha", "weights/lokr"])
func `a pattern of alphas for a model without a head is matched against that model's names`(_ name: String) throws {
  func answer(isBare: Bool, _ pattern: String) throws -> [Float] {
    try logits(copy(name, isBare: isBare, ["alpha_pattern": [pattern: 640]]))
  }
  let pattern = #"encoder\.layer\.0\.attention\.self\.query"#
  let expected = try answer(isBare: false, #"^bert\."# + pattern)
  #expect(try answer(isBare: true, "^" + pattern) == expected)
  for (isBare, other) in [(false, "^" + pattern), (true, #"bert\."# + pattern)] {
    #expect(relativeError(try answer(isBare: isBare, other), expected) > 0.001)
  }
}

@Test(
  arguments: [
    ("lora-start", ["r": 1, "rank_pattern": [#"^encoder.*"#: 4]]),
    ("dora-start", ["r": 1, "rank_pattern": [#"^encoder.*"#: 4]]),
    ("weights/loha", ["r": 1, "rank_pattern": [#"^encoder.*dense"#: 4, #"^encoder.*query"#: 2]]),
    ("weights/fourierft", ["n_frequency_pattern": [#"^encoder.*query"#: 25]]),
    ("ia3-start", ["feedforward_modules": #"encoder.*output\.dense"#]),
  ] as [(String, [String: JSON])])
func `patterns for a model without a head read the same adapter`(_ name: String, _ settings: [String: JSON]) throws {
  #expect(try logits(copy(name, isBare: true, settings)) == logits(copy(name, isBare: false)))
  #expect(throws: AdapterFault.self) { try logits(copy(name, isBare: false, settings)) }
}

/// PEFT's scales, alpha / rank, of `lora-start` without its head on `tiny-bert-bare`: of Q, the query of layer 0, of the other
/// queries, keys and values, of `intermediate.dense` and of `output.dense`. peft 0.21.2, for each `alpha_pattern` in the file's order:
/// PeftModel.from_pretrained(BertModel.from_pretrained("tiny-bert-bare"), folder), then `scaling` of every module with a `lora_A`.
@Test(arguments: [
  (#"{"^encoder\\.layer\\.0\\.attention\\.self\\.query": 640}"#, [160, 1.5, 1.5, 1.5]),
  (#"{"output.dense": 64, "dense": 2}"#, [1.5, 1.5, 0.5, 16]),
  (#"{"dense": 2, "output.dense": 64}"#, [1.5, 1.5, 0.5, 0.5]),
  (#"{"bert.*": 640}"#, [1.5, 1.5, 1.5, 1.5]),
])
func `alphas are PEFT's, also where a file lists patterns in another order, and stay so when saved`(
  _ pattern: String, _ expected: [Double]
) throws {
  let model = try tinyModel()
  func scales(_ folder: String) throws -> [String: Double] {
    let method = try #require(try Adapter(folder: folder, on: model).method as? LoRAConfig)
    return .init(
      uniqueKeysWithValues: try method.resolve(in: model, strict: false).map { ($0.projection.name, $0.scale) })
  }
  let folder = try copy("lora-start", isBare: true, first: #""alpha_pattern": "# + pattern)
  let found = try scales(folder.path)
  #expect(found.count == 12)
  for (name, scale) in found {
    let kind =
      name == "bert.encoder.layer.0.attention.self.query"
      ? 0 : name.hasSuffix("intermediate.dense") ? 2 : name.hasSuffix("dense") ? 3 : 1
    #expect(scale == expected[kind], "\(name)")
  }
  let saved = TemporaryFolder()
  try Adapter(folder: folder.path, on: model).save(to: saved.path, base: "tiny-bert", head: .tokenClassification)
  #expect(try scales(saved.path) == found)
}

@Test func `an adapter of a model without a head has its patterns by that model's names`() throws {
  let model = try tinyModel(headType: .embedding), folder = TemporaryFolder()
  var config = LoRAConfig()
  config.rankPattern = [".*layer\\.1.*query": 2]
  try Adapter(config, on: model, seed: 1).save(to: folder.path, base: "tiny-bert", head: .embedding)
  let saved = try JSON(path: folder.path + "/adapter_config.json")
  #expect(saved["rank_pattern"] == ["encoder.layer.1.attention.self.query": 2])
  #expect(try Adapter(folder: folder.path, on: model).trainable.contains { $0.shape[0] == 2 })
}

/// The count of modules is PEFT's: 12, and 6 with names that the model without a head does not have.
@Test(arguments: [false, true])
func `a module that is listed by its full name is adapted in any layer, as in PEFT`(_ isBare: Bool) throws {
  let parts = ["self.query", "self.key", "self.value", "output.dense"].map { "attention." + $0 }
  let names = (parts + ["intermediate.dense", "output.dense"]).map { "encoder.layer.0." + $0 }
  func folder(_ prefix: String) throws -> TemporaryFolder {
    let targets = ["query", "key", "value", "dense"] + names.map { prefix + $0 }
    return try copy(
      "lora-start", isBare: isBare,
      ["target_modules": .array(targets.map(JSON.string)), "layers_to_transform": [1]])
  }
  let own = try folder(isBare ? "" : "bert.")
  #expect(try logits(own) == logits(copy("lora-start", isBare: false)))
  let fault = #expect(throws: AdapterFault.self) { try logits(folder(isBare ? "bert." : "")) }
  #expect("\(fault!)".contains("unexpected") && "\(fault!)".contains("layer.0.attention.self.query.lora_A"))
  // Saved and read again, as a file in which PEFT finds the same modules.
  let model = try tinyModel(), saved = TemporaryFolder()
  try Adapter(folder: own.path, on: model).save(to: saved.path, base: "tiny-bert", head: .tokenClassification)
  let config = try JSON(path: saved.path + "/adapter_config.json")
  #expect(config["target_modules"]?.array?.count == 12 && config["layers_to_transform"] == .null)
}

@Test func `without target_modules the tensors say which modules an exclusion leaves`() throws {
  let kept = [".query.", ".value."]
  let expected = try logits(copy("lora-start", isBare: false, ["target_modules": ["query", "value"]], only: kept))
  let settings: [String: JSON] = ["target_modules": nil, "exclude_modules": ".*pooler.*"]
  #expect(try logits(copy("lora-start", isBare: false, settings, only: kept)) == expected)
}
