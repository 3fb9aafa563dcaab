/// Folders that PEFT reads or writes in other forms: keys of torch's state_dict, saved word embeddings, regular
/// expressions; and folders that are refused for what they are.
import Autograd
import Checkpoints
import Encoders
import Files
import TestSupport
import Testing

@testable import Adapters

/// A copy of the folder `lora-start` of PEFT with other settings and tensors.
private func variant(
  _ settings: [String: JSON] = [:],
  _ change: ([(name: String, shape: [Int], floats: [Float])]) throws -> [SavedTensor] = { $0 }
) throws -> TemporaryFolder {
  let folder = TemporaryFolder(), source = fixture("adapters/lora-start")
  let config = try JSON(path: source + "/adapter_config.json").object ?? [:]
  try writeFile(JSON.object(config.merging(settings) { $1 }).text(), to: folder.path + "/adapter_config.json")
  let checkpoint = try Checkpoint(file: source + "/adapter_model.safetensors")
  let tensors = try checkpoint.names.map { ($0, try checkpoint.info($0).shape, try checkpoint.array($0)) }
  try withPointers(try change(tensors)) {
    try writeSafetensors(to: folder.path + "/adapter_model.safetensors", tensors: $0)
  }
  return folder
}

private func logits(_ folder: String, _ model: TextModel) throws -> [Float] {
  let adapter = try Adapter(folder: folder, on: model)
  return model(try goldenBatch(), adapters: RowAdapters(adapter.set), Pass(Workspace())).array
}

private func golden() throws -> [Float] {
  try Checkpoint(file: fixture("adapters/golden.safetensors")).array("logits.lora-start")
}

private func fault(_ folder: TemporaryFolder) throws -> String {
  "\(#expect(throws: AdapterFault.self) { try Adapter(folder: folder.path, on: tinyModel()) }!)"
}

private let prefix = "base_model.model.", query = prefix + "bert.encoder.layer.0.attention.self.query"

@Test func `keys with the adapter's name, as in torch's state_dict, are read`() throws {
  let folder = try variant { tensors in
    tensors.map { tensor in
      let name = tensor.name.replacing("lora_A.", with: "lora_A.default.").replacing("lora_B.", with: "lora_B.default.")
      return (name.replacing("classifier.", with: "classifier.modules_to_save.default."), tensor.shape, tensor.floats)
    }
  }
  #expect(relativeError(try logits(folder.path, tinyModel()), try golden()) < 1e-5)
}

private let linear = #"(query|key|value|dense)"#

@Test(
  arguments: [
    (.string(#".*(?<=encoder\.)layer\..*\."# + linear), [:]), (.string("é|.*" + linear), [:]),
    (["query", "key", "value", "dense"], ["layers_pattern": ["blocks", "layer"], "layers_to_transform": [0, 1]]),
    (["query", "key", "value", "dense", "pooler"], ["exclude_modules": ".*pooler.*"]),
  ] as [(JSON, [String: JSON])])
func `regular expressions choose the modules, and the tensors' names where one cannot be used`(
  _ targets: JSON, _ settings: [String: JSON]
) throws {
  let folder = try variant(settings.merging(["target_modules": targets]) { $1 })
  #expect(relativeError(try logits(folder.path, tinyModel()), try golden()) < 1e-5)
}

@Test func `a regular expression for a model without a head is matched against that model's names`() throws {
  let folder = try variant(["target_modules": .string(#"encoder\..*"# + linear)]) { tensors in
    tensors.map { ($0.name.replacing(prefix + "bert.", with: prefix), $0.shape, $0.floats) }
  }
  #expect(relativeError(try logits(folder.path, tinyModel()), try golden()) < 1e-5)
}

@Test(
  arguments: [
    (.string(".*" + linear), [:], true), (["query", "key", "value", "dense"], ["exclude_modules": ".*pooler.*"], true),
    (.string(#".*\.[1-9]\..*"# + linear), [:], false),
    (
      ["query", "key", "value", "dense"], ["exclude_modules": .string(query.dropFirst(prefix.count).description)], false
    ),
    (["query", "key", "value", "dense"], ["layers_pattern": "layer", "layers_to_transform": 1], false),
  ] as [(JSON, [String: JSON], Bool)])
func `a module that a regular expression chooses must be in the file, and one that it leaves out must not`(
  _ targets: JSON, _ settings: [String: JSON], _ lacksQuery: Bool
) throws {
  let message = try fault(
    variant(settings.merging(["target_modules": targets]) { $1 }) { tensors in
      tensors.filter { !lacksQuery || !$0.name.hasPrefix(query) }
    })
  #expect(message.contains("\(lacksQuery ? "missing" : "unexpected") '\(query).lora_A.weight'"), "\(message)")
}

@Test func `a pattern of layers without layers is refused`() throws {
  #expect(try fault(variant(["layers_pattern": "layer"])).contains("'layers_to_transform' is not"))
}

@Test func `an adapter's own word embeddings are read, and of another size they are named`() throws {
  let model = try tinyModel(), embeddings = model.wordEmbeddings, name = prefix + embeddings.name
  let doubled = embeddings.values.map { 2 * $0 }
  let folder = try variant { $0 + [(name, embeddings.shape, doubled)] }
  let expected = try tinyModel()
  _ = expected.wordEmbeddings.values.update(fromContentsOf: doubled)
  #expect(try logits(folder.path, model) == logits(fixture("adapters/lora-start"), expected))
  #expect(try logits(folder.path, model) != logits(fixture("adapters/lora-start"), model))

  let rows = embeddings.rows + 2
  let resized = try variant {
    $0 + [(name, [rows, embeddings.columns], Array(repeating: 0, count: rows * embeddings.columns))]
  }
  let message = try fault(resized)
  #expect(message.contains("another vocabulary") && !message.contains("Is this the base"))
}

@Test func `an adapter without a head uses the base's`() throws {
  let model = try tinyModel()
  let folder = try variant { $0.filter { !$0.name.contains("classifier") } }
  let adapter = try Adapter(folder: folder.path, on: model)
  #expect(Array(adapter.head.weight.values) == Array(model.classifier.weight.values))
}

@Test func `an adapter without a head, over a base without one, says what is missing`() throws {
  let base = try TextModel(
    folder: fixture("tiny-bert"), headType: .tokenClassification, classes: 7, reuseHead: false)
  let folder = try variant { $0.filter { !$0.name.contains("classifier") } }
  let fault = #expect(throws: AdapterFault.self) { try Adapter(folder: folder.path, on: base) }
  #expect("\(fault!)".contains("it has no classifier.weight") && "\(fault!)".contains("'task_type'"))
}

@Test func `a tied decoder, which PEFT saves with the word embeddings, is skipped if it is the same`() throws {
  let model = try tinyModel(headType: .maskedLM), embeddings = model.wordEmbeddings
  let bias = try #require(model.classifier.bias)
  let decoder = prefix + "cls.predictions.decoder", doubled = embeddings.values.map { 2 * $0 }
  func folder(_ weights: [Float]) throws -> TemporaryFolder {
    try variant(["task_type": nil, "target_modules": .string(".*" + linear)]) { tensors in
      tensors.filter { !$0.name.contains("classifier") } + [
        (prefix + embeddings.name, embeddings.shape, doubled), (decoder + ".weight", embeddings.shape, weights),
        (decoder + ".bias", bias.shape, Array(bias.values)),
      ]
    }
  }
  let same = try folder(doubled), other = try folder(Array(embeddings.values))
  let adapter = try Adapter(folder: same.path, on: model)
  #expect(Array(adapter.set[embeddings].values) == doubled)
  let fault = #expect(throws: AdapterFault.self) { try Adapter(folder: other.path, on: model) }
  #expect("\(fault!)".contains("unexpected '\(decoder).weight'"))
}

@Test(arguments: [
  (prefix + "bert.embeddings.word_embeddings.lora_embedding_A", "LoRA on embeddings"),
  (prefix + "classifier.lora_A.weight", "an adapter of the classifier"),
  (query + ".lora_B.bias", "lora_bias"),
  (prefix + "bert.embeddings.word_embeddings.token_adapter.trainable_tokens_delta", "trainable_token_indices"),
  (query + ".lora_A.other.weight", "several adapters"),
])
func `tensors of unsupported types of adapters are named as such`(_ name: String, _ reason: String) throws {
  let message = try fault(variant { $0 + [(name, [1, 1], [0])] })
  #expect(message.contains(reason) && !message.contains("Is this the base"))
}

@Test func `missing and unexpected tensors are still listed`() throws {
  let message = try fault(
    variant { $0.filter { $0.name != query + ".lora_B.weight" } + [(prefix + "x.weight", [1], [0])] })
  #expect(message.contains("missing '\(query).lora_B.weight'") && message.contains("unexpected '\(prefix)x.weight'"))
}

@Test(
  arguments: [
    ("lora-start", "use_new_thing", true), ("adalora-start", "new_size", 3), ("ia3-start", "new_name", "x"),
    ("vera-start", "new_map", ["query": 2]), ("layer-norm-start", "new_list", [1]), ("prompt-start", "new_thing", true),
    ("prefix-start", "new_thing", true), ("bitfit-start", "new_thing", true), ("head-start", "new_thing", true),
    ("lora-start", "lora_bias", true),
  ] as [(String, String, JSON)])
func `settings that are on and not supported are refused by name, and those that are off are read`(
  _ source: String, _ key: String, _ value: JSON
) throws {
  let folder = TemporaryFolder(), source = fixture("adapters/" + source), model = try tinyModel()
  let config = try JSON(path: source + "/adapter_config.json").object ?? [:]
  try writeFile(readFile(source + "/adapter_model.safetensors"), to: folder.path + "/adapter_model.safetensors")
  func write(_ value: JSON) throws {
    try writeFile(JSON.object(config.merging([key: value]) { $1 }).text(), to: folder.path + "/adapter_config.json")
  }
  try write(value)
  #expect(
    "\(#expect(throws: AdapterFault.self) { try Adapter(folder: folder.path, on: model) }!)".contains("'\(key)' is"))
  for off: JSON in [nil, false, 0, "", [], [:], ["offload": false]] {
    try write(off)
    #expect(throws: Never.self) { try Adapter(folder: folder.path, on: model) }
  }
}

@Test(arguments: [
  (["adapter_config.json", "model.onnx"], "only an ONNX model"),
  (["model.onnx", "config.json"], "an ONNX model"), (["config.json", "model.safetensors"], "a whole model"),
])
func `a folder without an adapter's files says what it has`(_ files: [String], _ reason: String) throws {
  let folder = TemporaryFolder()
  for file in files { try writeFile("{}", to: folder.path + "/" + file) }
  #expect(try fault(folder).contains(reason))
}
