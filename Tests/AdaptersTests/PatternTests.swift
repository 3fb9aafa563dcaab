/// What a file says where PEFT reads the same words otherwise.
import Files
import Kernels
import Models
import TestSupport
import Testing

@testable import Adapters

/// alpha / rank of every adapted module, by its name.
private func scales(_ config: LoRAConfig, _ model: TextModel) throws -> [String: Double] {
  try [String: Double](
    uniqueKeysWithValues: config.resolve(in: model, strict: false).map { ($0.projection.name, $0.scale) })
}

private func read(_ settings: [String: JSON]) -> LoRAConfig {
  var reader = AdapterConfigReader(.object(settings))
  return LoRAConfig(&reader)
}

@Test func `of overlapping patterns the longest holds, and PEFT, which takes the first by name, reads the same`() throws
{
  let model = try tinyModel()
  var config = LoRAConfig()
  (config.rank, config.modules.targets) = (4, .suffixes(["dense", "query"]))
  config.alphaPattern = ["dense": 2, "output.dense": 64]
  config.rankPattern = ["query": 2]
  let wanted = try scales(config, model)
  #expect(wanted["bert.encoder.layer.0.output.dense"] == 16)
  #expect(wanted["bert.encoder.layer.0.intermediate.dense"] == 0.5)
  let saved = try config.configJSON(in: model)
  #expect(saved["rank_pattern"] == ["query": 2])
  #expect(saved["alpha_pattern"]?["bert.encoder.layer.0.output.dense"] == 64)
  #expect(saved["alpha_pattern"]?["dense"] == nil)
  #expect(try scales(read(saved), model) == wanted)
}

@Test func `of overlapping patterns in a file the first by name holds, as in PEFT`() throws {
  let config = read(["r": 4, "target_modules": ["dense"], "alpha_pattern": ["output.dense": 64, "dense": 2]])
  #expect(try Set(scales(config, tinyModel()).values) == [0.5])
}

@Test func `no layers in a file are all layers, as in PEFT`() throws {
  let config = read(["layers_to_transform": [], "target_modules": ["query"]])
  #expect(try scales(config, tinyModel()).count == 2)
}

@Test func `an expression beside layers, which PEFT refuses, is written as names`() throws {
  let model = try tinyModel()
  var config = LoRAConfig()
  (config.modules.targets, config.modules.layers) = (.pattern(".*(query|value)"), [1])
  let saved = try config.configJSON(in: model)
  let names = ["query", "value"].map { "bert.encoder.layer.1.attention.self.\($0)" }
  #expect(saved["target_modules"] == .array(names.map(JSON.string)))
  #expect(try scales(read(saved), model).keys.sorted() == names)
}
