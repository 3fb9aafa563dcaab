/// Weights from some layers of a checkpoint, and random initialization.
import Autograd
import Checkpoints
import Files
import Kernels
import TestSupport
import Testing

@testable import Encoders

private func settings(_ changes: [String: JSON], of folder: String = "tiny-bert") throws -> ModelConfig {
  let json = try JSON(path: fixture(folder + "/config.json")).object ?? [:]
  return try ModelConfig(json: .object(json.merging(changes) { _, new in new }), file: "config.json")
}

private func weights(_ folder: String = "tiny-bert") throws -> Checkpoint { try Checkpoint(folder: fixture(folder)) }

private func student(_ config: ModelConfig, _ source: WeightSource, seed: UInt64 = 3) throws -> [String: [Float]] {
  let model = try TextModel(config, source, headType: .tokenClassification, classes: 5, reuseHead: true, seed: seed)
  return Dictionary(uniqueKeysWithValues: model.parameters.map { ($0.name, Array($0.values)) })
}

@Test(arguments: [[1], [1, 0], [0, 0, 1]])
func `layer i of a student is the selected layer of the checkpoint, other weights are unchanged`(_ layers: [Int]) throws
{
  let checkpoint = try weights()
  let config = try settings(["num_hidden_layers": .int(layers.count)])
  let found = try student(config, WeightSource(checkpoint, of: .bert, layers: layers))
  #expect(found.count == 5 + 16 * layers.count + 2)
  for (name, values) in found {
    var source = name
    if let (block, part) = Family.bert.names.locate(name) { source = "bert.encoder.layer.\(layers[block]).\(part)" }
    #expect(try values == checkpoint.array(source), "\(name)")
  }
}

@Test func `layers that were not selected are ignored, but without a selection they are unexpected`() throws {
  let config = try settings(["num_hidden_layers": 1])
  #expect(throws: Never.self) { try student(config, WeightSource(weights(), of: .bert, layers: [1])) }
  let fault = #expect(throws: WeightFault.self) { try student(config, WeightSource(weights(), of: .bert)) }
  #expect("\(fault!)".contains("unexpected 'bert.encoder.layer.1."))
}

@Test func `layers can be selected in a checkpoint without the prefix`() throws {
  let config = try settings(["num_hidden_layers": 1], of: "tiny-bert-bare")
  let found = try student(config, WeightSource(weights("tiny-bert-bare"), of: .bert, layers: [1]))
  let name = "layer.1.output.dense.weight"
  #expect(try found["bert.encoder.layer.0.output.dense.weight"] == weights("tiny-bert-bare").array("encoder." + name))
}

@Test func `random initialization depends on the seed and uses initializer_range`() throws {
  let config = try settings(["initializer_range": 0.5])
  let (first, repeated, other) = (
    try student(config, .random), try student(config, .random), try student(config, .random, seed: 4)
  )
  #expect(first == repeated && first != other)
  for name in ["bert.embeddings.word_embeddings.weight", "bert.encoder.layer.1.intermediate.dense.weight"] {
    let values = first[name] ?? []
    let deviation = (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
    #expect(abs(deviation - 0.5) < 0.03, "\(name): \(deviation)")
  }
  #expect(first["bert.encoder.layer.0.output.LayerNorm.weight"]?.allSatisfy { $0 == 1 } == true)
  #expect(first["bert.encoder.layer.0.output.dense.bias"]?.allSatisfy { $0 == 0 } == true)
}

@Test func `a saved config json has every size`() throws {
  let folder = TemporaryFolder()
  let config = try ModelConfig(json: ["hidden_size": 24, "vocab_size": 9, "num_hidden_layers": 1], file: "c")
  let model = try TextModel(config, .random, headType: .tokenClassification, classes: 2, reuseHead: false, seed: 1)
  try model.save(to: folder.path, labels: ["O", "B-X"], problemType: nil)
  let saved = try ModelConfig(folder: folder.path)
  #expect(saved.json["num_attention_heads"] == 12 && saved.json["type_vocab_size"] == 2)
  #expect(saved.sizes.map(\.value) == config.sizes.map(\.value))
}

@Test(.enabled(if: GEMMBackend.selected > .blas), arguments: Precision.allCases)
func `a model for inference computes the same bits as one that can be trained`(_ precision: Precision) throws {
  for folder in [fixture("tiny-bert"), fixture("tiny-distilbert"), repository + "/checkpoints/biomed-mini-l3"] {
    try Processor.initialize()
    let config = try ModelConfig(folder: folder), checkpoint = try Checkpoint(folder: folder)
    let batch = Batch([[1, 7, 12, 33, 9], [2, 41, 5]])
    let states = try [false, true].map { forInference in
      let source = WeightSource(checkpoint, of: config.family, forInference: forInference)
      let model = try TextModel(
        config, source, headType: .tokenClassification, classes: 3, reuseHead: false, seed: 1)
      model.setPrecision(precision)
      return model(batch, adapters: .none, Pass(Workspace())).array
    }
    #expect(states[0] == states[1] && states[0].allSatisfy(\.isFinite))
  }
}
