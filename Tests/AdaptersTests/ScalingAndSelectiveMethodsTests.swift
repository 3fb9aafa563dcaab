/// IA3, VeRA and LayerNorm tuning against PEFT; BitFit and linear probes against a PyTorch loop.
import Autograd
import Checkpoints
import Encoders
import Files
import FoundationEssentials
import Kernels
import TestSupport
import Testing

@testable import Adapters

let scalingAndSelectiveRuns = ["ia3", "ia3-chosen", "vera", "layer-norm", "bitfit", "bitfit-chosen", "head"]
private let folders = scalingAndSelectiveRuns.flatMap { [$0 + "-start", $0 + "-final"] }

@Test(arguments: folders)
func `a folder gives the reference logits, and the base's bits and weights stay the same`(_ name: String) throws {
  let model = try tinyModel(), batch = try goldenBatch()
  let golden = try Checkpoint(file: fixture("adapters/golden-scales.safetensors")).array("logits.\(name)")
  let before = model(batch, Pass(Workspace())).array, bytes = model.parameters.map { Array($0.values) }
  let adapter = try Adapter(folder: fixture("adapters/\(name)"), on: model)
  #expect(relativeError(model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array, golden) < 1e-5)
  #expect(relativeError(before, golden) > 0.01)
  #expect(model(batch, Pass(Workspace())).array == before)
  #expect(model.parameters.map { Array($0.values) } == bytes)
}

@Test(arguments: folders)
func `a loaded adapter is saved with the same tensors and keys`(_ name: String) throws {
  let model = try tinyModel(), folder = TemporaryFolder(), source = fixture("adapters/\(name)")
  try Adapter(folder: source, on: model).save(to: folder.path, base: "tiny-bert", head: .tokenClassification)
  let ours = try Checkpoint(file: folder.path + "/adapter_model.safetensors")
  let theirs = try Checkpoint(file: source + "/adapter_model.safetensors")
  #expect(ours.names == theirs.names)
  for tensor in theirs.names { #expect(try ours.array(tensor) == theirs.array(tensor), "\(tensor)") }
  #expect(try JSON(path: folder.path + "/adapter_config.json") == JSON(path: source + "/adapter_config.json"))
}

@Test(arguments: [
  (IA3Config() as any AdapterMethod, 64512), (VeRAConfig(), 24576), (LayerNormTuning(), 38400), (BitFit(), 102144),
  (chosenBiases(), 46080), (LinearProbe(), 0),
])
func `trainable parameter counts on BERT-base are PEFT's`(_ method: any AdapterMethod, _ expected: Int) throws {
  let model = try oneLayerOfBERTBase()
  let adapter = try Adapter(method, on: model, seed: 1)
  let head = model.classifier.parameters.reduce(0) { $0 + $1.count }
  var (inLayer, outside) = (0, -head)
  for parameter in adapter.trainable {
    if parameter.name.contains("layer.0.") { inLayer += parameter.count } else { outside += parameter.count }
  }
  #expect(head == 2307)
  #expect(12 * inLayer + outside == expected)
}

private func chosenBiases() -> BitFit {
  var method = BitFit()
  method.biases = .of(["query", "intermediate.dense"])
  return method
}

/// One layer of BERT-base with a tiny vocabulary. All weights are zero, which saves time.
private func oneLayerOfBERTBase() throws -> TextModel {
  func config(_ hiddenSize: Int, _ intermediateSize: Int) throws -> ModelConfig {
    try ModelConfig(
      json: [
        "model_type": "bert", "num_hidden_layers": 1, "hidden_size": .int(hiddenSize),
        "intermediate_size": .int(intermediateSize),
        "num_attention_heads": 1, "vocab_size": 11, "max_position_embeddings": 13,
      ], file: "test")
  }
  let small = try TextModel(config(5, 7), nil, headType: .tokenClassification, classes: 3, reuseHead: true, seed: 0)
  let zeros = [Float](repeating: 0, count: 768 * 3072), folder = TemporaryFolder()
  try zeros.withUnsafeBufferPointer { zeros in
    let tensors = small.parameters.map { parameter in
      let shape = parameter.shape.map { $0 == 5 ? 768 : $0 == 7 ? 3072 : $0 }
      return (parameter.name, shape, UnsafeBufferPointer(rebasing: zeros[..<shape.reduce(1, *)]))
    }
    try writeSafetensors(to: folder.path + "/model.safetensors", tensors: tensors)
  }
  let checkpoint = try Checkpoint(file: folder.path + "/model.safetensors")
  return try TextModel(
    config(768, 3072), checkpoint, headType: .tokenClassification, classes: 3, reuseHead: true, seed: 0)
}

@Test func `a new adapter gives the base's logits, unless it is randomly initialized`() throws {
  let model = try tinyModel(), batch = try goldenBatch()
  let before = model(batch, Pass(Workspace())).array
  func adaptedLogits(_ method: some AdapterMethod) throws -> [Float] {
    let adapter = try Adapter(method, on: model, seed: 3)
    return model(batch, adapters: RowAdapters(adapter.set), Pass(Workspace())).array
  }
  var random = IA3Config()
  random.initIA3Weights = false
  #expect(try adaptedLogits(IA3Config()) == before)
  #expect(try adaptedLogits(VeRAConfig()) == before)
  #expect(try adaptedLogits(LayerNormTuning()) == before)
  #expect(try adaptedLogits(BitFit()) == before)
  #expect(try adaptedLogits(LinearProbe()) == before)
  #expect(try relativeError(adaptedLogits(random), before) > 0.01)
}

@Test func `IA3 and LayerNorm tuning select the corresponding modules of DistilBERT`() throws {
  let model = try tinyModel("tiny-distilbert")
  let scaled = try IA3Config().resolve(in: model, strict: true)
  #expect(
    scaled.map { String($0.projection.name.split(separator: ".").last ?? "") }.prefix(3) == ["k_lin", "v_lin", "lin2"])
  #expect(scaled.map(\.isFeedforward) == [false, false, true, false, false, true])
  let settings = try LayerNormTuning().configJSON(in: model)
  #expect(settings["target_modules"] == ["LayerNorm", "output_layer_norm", "sa_layer_norm"])
  #expect(try LayerNormTuning().inject(into: model, seed: 1).replacedWeights.count == 10)
}

@Test func `LayerNorm tuning of a ModernBERT names no norm of the first block, which has no weights`() throws {
  let model = try tinyModel("families/modernbert-token")
  #expect(model.identityNormNames == ["model.layers.0.attn_norm"])
  let settings = try LayerNormTuning().configJSON(in: model)
  #expect(settings["target_modules"]?.array?.compactMap(\.string) == model.normNames)
  var own = LayerNormTuning()
  own.modules.targets = .suffixes(["mlp_norm"])
  #expect(try own.configJSON(in: model)["target_modules"] == ["mlp_norm"])
}

@Test func `an input scale on one of three joined projections is an error`() throws {
  var config = IA3Config()
  config.modules.targets = .suffixes(["key", "output.dense"])
  config.feedforward = .suffixes(["key"])
  let fault = #expect(throws: TargetFault.self) { try Adapter(config, on: tinyModel(), seed: 1) }
  #expect("\(fault!)".contains("attention.self.key shares its input with other modules in one GEMM"))
}

@Test func `IA3's feed-forward modules must be targets, and the default ones apply only if they are`() throws {
  let model = try tinyModel()
  var config = IA3Config()
  config.modules.targets = .suffixes(["key", "dense"])
  #expect(try config.resolve(in: model, strict: true).allSatisfy { !$0.isFeedforward })
  config.feedforward = .suffixes(["intermediate.dense"])
  #expect(throws: TargetFault.self) { try config.resolve(in: model, strict: true) }
  config.modules.targets = .allLinear
  #expect(try config.resolve(in: model, strict: true).filter(\.isFeedforward).count == 2)
  #expect(
    try config.configJSON(in: model)["target_modules"] == ["dense", "intermediate.dense", "key", "query", "value"])
}

@Test func `a VeRA folder without its matrices is refused, with advice`() throws {
  let folder = TemporaryFolder(), source = fixture("adapters/vera-start")
  let text = try readText(source + "/adapter_config.json")
  let changed = text.replacing("\"save_projection\": true", with: "\"save_projection\": false")
  #expect(text != changed)
  try writeFile(changed, to: folder.path + "/adapter_config.json")
  try FileManager.default.copyItem(
    atPath: source + "/adapter_model.safetensors", toPath: folder.path + "/adapter_model.safetensors")
  let fault = #expect(throws: AdapterFault.self) { try Adapter(folder: folder.path, on: tinyModel()) }
  #expect("\(fault!)".contains("save it with save_projection=True"))
}

@Test func `the same key gives the same matrices, another key gives others`() throws {
  let model = try tinyModel()
  func matrices(_ key: Int, seed: UInt64) throws -> [[Float]] {
    var config = VeRAConfig()
    config.projectionPRNGKey = key
    return try config.inject(into: model, seed: seed).tensors.filter { !$0.isTrained }.map {
      Array($0.parameter.values)
    }
  }
  #expect(try matrices(3, seed: 1) == matrices(3, seed: 2))
  #expect(try matrices(3, seed: 1) != matrices(4, seed: 1))
}

@Test func `a linear probe of a masked language model needs modules to save`() throws {
  let model = try tinyModel(headType: .maskedLM)
  let fault = #expect(throws: TargetFault.self) { try Adapter(LinearProbe(), on: model, seed: 1) }
  #expect("\(fault!)".contains("modules_to_save"))
  var method = LinearProbe()
  method.addModulesToSave(["cls.predictions.transform.dense"])
  #expect(try Adapter(method, on: model, seed: 1).trainable.count == 2)
  #expect(try Adapter(BitFit(), on: model, seed: 1).trainable.contains { $0.name == "cls.predictions.bias" })
}

@Test func `a linear probe computes no gradient below the head`() throws {
  let model = try tinyModel(), adapter = try Adapter(LinearProbe(), on: model, seed: 1)
  let gradients = Gradients(ParameterTable(training: adapter.trainable, freezing: model.parameters))
  let pass = Pass(Workspace(), gradients: gradients)
  let adapters = RowAdapters(adapter.set), encoded = model.encode(try goldenBatch(), adapters: adapters, pass)
  #expect(!encoded.hiddenStates.isTracked)
  let logits = model.logits(encoded, adapters: adapters, pass)
  #expect(logits.isTracked)
  pass.backward(from: logits, gradient: logits)
  #expect(
    adapter.trainable.allSatisfy { parameter in
      (0..<parameter.count).contains { gradients.pointer[parameter.offset! + $0] != 0 }
    })
}
