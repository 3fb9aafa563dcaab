/// Adapters of PEFT's methods that change weights: logits, merged weights, and what is refused. The files are made by
/// Tests/Fixtures/make_weight_methods.py.
import Autograd
import Checkpoints
import Encoders
import Files
import Kernels
import TestSupport
import Testing

@testable import Adapters

private let names = [
  "loha", "lokr", "lokr-both", "oft", "oft-exact", "oft-shared", "oft-terms", "boft", "boft-butterfly",
  "boft-without-cuda", "hra", "hra-gs", "miss", "miss-remainder", "miss-bat", "miss-mini", "shira", "randlora",
  "fourierft", "vblora", "vblora-topk",
]

private func folder(_ name: String) -> String { fixture("adapters/weights/\(name)") }

@Test(arguments: names)
func `an adapter gives the weights and the logits of PEFT's merge_and_unload`(_ name: String) throws {
  let model = try tinyModel(), batch = try goldenBatch(), bytes = model.parameters.map { Array($0.values) }
  let golden = try Checkpoint(file: folder("golden.safetensors")), logits = try golden.array("\(name).logits")
  let adapter = try Adapter(folder: folder(name), on: model)
  #expect(relativeError(model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array, logits) < 1e-5)
  #expect(relativeError(model(batch, Pass(Workspace())).array, logits) > 0.01)
  #expect(!adapter.set.canBeMixed)
  let merged = try adapter.merged()
  #expect(relativeError(merged(batch, Pass(Workspace())).array, logits) < 1e-5)
  let weights = golden.names.filter { $0.hasPrefix(name + ".bert") }
  #expect(weights.count >= 3)
  for weight in weights {
    let found = try #require(merged.parameters.first { name + "." + $0.name == weight })
    let sample = stride(from: 0, to: found.count, by: 7).map { found.pointer[$0] }
    #expect(relativeError(sample, try golden.array(weight)) < 1e-5, "\(weight)")
  }
  // All other matrices of the encoder are the base's.
  for (own, base) in zip(merged.parameters, model.parameters)
  where own.name.hasPrefix("bert.encoder") && !weights.contains(name + "." + own.name) {
    #expect(Array(own.values) == Array(base.values), "\(own.name)")
  }
  #expect(model.parameters.map { Array($0.values) } == bytes)
}

@Test(arguments: ["loha", "oft", "shira"])
func `an adapter is compressed to a LoRA that has its update`(_ name: String) throws {
  let model = try tinyModel(), adapter = try Adapter(folder: folder(name), on: model)
  if name == "loha" {
    // Its token type embeddings are a saved module, which the LoRA saves, too.
    #expect(adapter.method.modulesToSave == ["token_type_embeddings"])
  }
  let updates = try adapter.weightUpdates()
  #expect(updates.count == 8)
  let result = try AdapterCombination(.svd, rank: 32).combine([(updates, 1)])
  let lora = try Adapter(factors: result.factors, rank: result.rank, headOf: adapter), batch = try goldenBatch()
  #expect(
    relativeError(
      model(batch, adapters: RowAdapters(lora.set), Pass(Workspace())).array,
      model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array) < 1e-4)
  #expect(throws: CombinationFault.notLowRank(.linear)) { try AdapterCombination(.linear).combine([(updates, 1)]) }
}

@Test func `an adapter that also trains biases is not combined`() throws {
  let adapter = try Adapter(folder: folder("hra-gs"), on: tinyModel())
  let fault = #expect(throws: CombinationFault.self) { try adapter.weightUpdates() }
  #expect("\(fault!)".contains("query.bias"))
}

@Test func `an adapter is not saved in its own form`() throws {
  let adapter = try Adapter(folder: folder("miss"), on: tinyModel()), folder = TemporaryFolder()
  let fault = #expect(throws: AdapterFault.self) {
    try adapter.save(to: folder.path + "/new", base: "tiny-bert", head: .tokenClassification)
  }
  #expect("\(fault!)".contains("adapters of MISS are read and merged, not written"))
}

/// A copy of a folder with other settings and tensors.
private func variant(
  _ name: String, _ settings: [String: JSON] = [:],
  _ change: ([SavedTensor]) -> [SavedTensor] = { $0 }
) throws -> TemporaryFolder {
  let copy = TemporaryFolder(), source = folder(name)
  let config = try JSON(path: source + "/adapter_config.json").object ?? [:]
  let merged = config.merging(settings) { $1 }
  try writeFile(JSON.object(merged).text(), to: copy.path + "/adapter_config.json")
  let checkpoint = try Checkpoint(file: source + "/adapter_model.safetensors")
  let tensors = try checkpoint.names.map { name in
    let values =
      name.hasSuffix("indices") ? try checkpoint.integers(name).map(Float.init) : try checkpoint.array(name)
    return (name, try checkpoint.info(name).shape, values) as SavedTensor
  }
  try withPointers(change(tensors)) {
    try writeSafetensors(to: copy.path + "/adapter_model.safetensors", tensors: $0)
  }
  return copy
}

@Test(
  arguments: [
    ("oft", ["fan_in_fan_out": true], "'fan_in_fan_out'"), ("boft", ["fan_in_fan_out": true], "'fan_in_fan_out'"),
    ("shira", ["fan_in_fan_out": true], "'fan_in_fan_out'"), ("vblora", ["fan_in_fan_out": true], "'fan_in_fan_out'"),
    ("randlora", ["fan_in_fan_out": true], "'fan_in_fan_out'"),
    ("fourierft", ["fan_in_fan_out": true], "'fan_in_fan_out'"),
    ("randlora", ["save_projection": false], "save it with save_projection=True"),
    ("oft", ["r": 4], "expected that one of them is 0"), ("oft", ["oft_block_size": nil], "before 0.14"),
    ("oft", ["peft_version": "0.17.1"], "before 0.18"), ("oft", ["peft_version": nil], "before 0.18"),
    ("oft", ["use_cayley_neumann": nil, "peft_version": "0.16.0"], "before 0.18"),
    ("boft", ["boft_block_num": 4], "expected that one of them is 0"),
    ("boft", ["boft_block_size": 5], "do not divide"), ("boft", ["bias": "oft_only"], "\"boft_only\""),
    ("boft-butterfly", ["boft_n_butterfly_factor": 5], "do not divide"),
    ("miss-bat", ["r": 5], "do not divide"), ("miss-mini", ["mini_r": 7], "does not divide"),
    ("miss", ["init_weights": "bone"], "\"bat\" or \"mini\""),
    ("fourierft", ["random_loc_seed": "seven"], "'random_loc_seed'"),
    ("fourierft", ["n_frequency": 5000], "'n_frequency' is 5000"),
    ("fourierft", ["n_frequency": 41], "expect [41]"), ("vblora", ["vector_length": 12], "expect [12, 12]"),
    ("vblora", ["topk": 13], "'num_vectors' 12"),
    ("vblora", ["num_vectors": 65536, "vector_length": 65536], "expect [65536, 65536]"),
    ("loha", ["r": 65536], "expect [32, 65536]"), ("vblora", ["save_only_topk_weights": true], "_topk_indices"),
    ("loha", ["use_tucker": true], "'use_tucker' is true; this setting is unknown"),
    ("loha", ["r": 5], "expect [32, 5]"), ("lokr", ["decompose_factor": 16], "has shape"),
    ("hra", ["r": 3], "expect [32, 3]"), ("shira", ["r": 3], "expect [192]"),
    ("randlora", ["r": 5], "[5, 1, 64]"),
  ] as [(String, [String: JSON], String)])
func `settings that cannot be honoured, or that do not fit the tensors, are errors`(
  _ name: String, _ settings: [String: JSON], _ expected: String
) throws {
  let copy = try variant(name, settings)
  let fault = #expect(throws: AdapterFault.self) { try Adapter(folder: copy.path, on: tinyModel()) }
  #expect("\(fault!)".contains(expected), "\(fault!)")
}

@Test func `tensors that are missing, left over, out of range or different are errors`() throws {
  func fault(_ name: String, _ change: ([SavedTensor]) -> [SavedTensor]) throws -> String {
    let copy = try variant(name, [:], change)
    return "\(#expect(throws: AdapterFault.self) { try Adapter(folder: copy.path, on: tinyModel()) }!)"
  }
  func edit(_ suffix: String, _ body: @escaping (inout [Float]) -> Void) -> ([SavedTensor]) -> [SavedTensor] {
    { tensors in
      tensors.map { tensor in
        var tensor = tensor
        if tensor.name.hasSuffix(suffix) { body(&tensor.floats) }
        return tensor
      }
    }
  }
  #expect(try fault("loha") { Array($0.dropFirst(2)) }.contains("missing 'base_model.model.bert.encoder.layer.0"))
  #expect(try fault("loha") { $0 + [("base_model.model.bert.other", [1], [1])] }.contains("unexpected"))
  #expect(try fault("shira", edit("layer.1.output.dense.shira_indices") { $0[0] = 64 }).contains("index 64"))
  #expect(
    try fault("shira", edit("layer.1.output.dense.shira_indices") { $0[0] = 40 }).contains("outside of its matrix"))
  #expect(try fault("vblora-topk", edit("A_topk_indices") { $0[1] = 300 }).contains("expected 0 to 299"))
  #expect(try fault("randlora", edit("query.randlora_A") { $0[3] += 1 }).contains("PEFT saves the same twice"))
  #expect(
    try fault("hra", edit("layer.0.attention.self.query.hra_u") { $0 = $0.map { _ in 0 } })
      .contains("layer.0.attention.self.query has NaN or infinity"))
  let bank = try variant("vblora", ["vector_length": 12]) { tensors in
    tensors.map { $0.name.hasSuffix("vector_bank") ? ($0.name, [12, 12], Array($0.floats.prefix(144))) : $0 }
  }
  let undivided = #expect(throws: AdapterFault.self) { try Adapter(folder: bank.path, on: tinyModel()) }
  #expect("\(undivided!)".contains("does not divide"), "\(undivided!)")
  let fractions = try variant("shira", [:], edit("layer.0.output.dense.shira_indices") { $0[0] = 0.5 })
  #expect(throws: CheckpointFault.self) { try Adapter(folder: fractions.path, on: tinyModel()) }
}

@Test func `indices in Float32, as PEFT writes them on Windows, are read`() throws {
  let copy = try variant("shira"), model = try tinyModel(), batch = try goldenBatch()
  let logits = try [copy.path, folder("shira")].map { folder in
    model(batch, adapters: RowAdapters(try Adapter(folder: folder, on: model).set), Pass(Workspace())).array
  }
  #expect(logits[0] == logits[1])
}

@Test(arguments: [
  (256, -1, 16, 16), (128, -1, 8, 16), (127, -1, 1, 127), (128, 4, 4, 32), (12, 5, 3, 4), (12, 24, 3, 4),
])
func `LoKr's factors are PEFT's`(_ size: Int, _ factor: Int, _ first: Int, _ second: Int) {
  #expect(LoKr.factors(of: size, near: factor) == (first, second))
}

@Test(arguments: [(32, 6, 4), (32, 7, 8), (64, 100, 64), (30, 4, 3), (30, 8, 6)])
func `OFT's blocks are those that PEFT adjusts them to`(_ inputs: Int, _ size: Int, _ expected: Int) {
  #expect(OFT.divisor(of: inputs, near: size) == expected)
}
