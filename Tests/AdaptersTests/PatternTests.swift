/// Module patterns and layers of adapter_config.json, where PEFT reads them differently from a recipe.
import Files
import Kernels
import Models
import TestSupport
import Testing

@testable import Adapters

/// alpha / rank of every adapted module, by name.
private func scales(_ config: LoRAConfig, _ model: TextModel) throws -> [String: Double] {
  try [String: Double](
    uniqueKeysWithValues: config.resolve(in: model, strict: false).map { ($0.projection.name, $0.scale) })
}

private func read(_ settings: [String: JSON]) -> LoRAConfig {
  var reader = AdapterConfigReader(.object(settings))
  return LoRAConfig(&reader)
}

@Test func `the longest of overlapping patterns applies, and is saved so that PEFT, which applies the first, agrees`()
  throws
{
  let model = try tinyModel()
  var config = LoRAConfig()
  (config.rank, config.modules.targets) = (4, .suffixes(["dense", "query"]))
  config.alphaPattern = ["dense": 2, "output.dense": 64]
  config.rankPattern = ["query": 2]
  let expected = try scales(config, model)
  #expect(expected["bert.encoder.layer.0.output.dense"] == 16)
  #expect(expected["bert.encoder.layer.0.intermediate.dense"] == 0.5)
  let saved = try config.configJSON(in: model)
  #expect(saved["rank_pattern"] == ["query": 2])
  #expect(saved["alpha_pattern"]?["bert.encoder.layer.0.output.dense"] == 64)
  #expect(saved["alpha_pattern"]?["dense"] == nil)
  #expect(try scales(read(saved), model) == expected)
}

@Test func `the first by name of overlapping patterns in a file applies, as in PEFT`() throws {
  let config = read(["r": 4, "target_modules": ["dense"], "alpha_pattern": ["output.dense": 64, "dense": 2]])
  #expect(try Set(scales(config, tinyModel()).values) == [0.5])
}

@Test func `an empty layers_to_transform in a file means all layers, as in PEFT`() throws {
  let config = read(["layers_to_transform": [], "target_modules": ["query"]])
  #expect(try scales(config, tinyModel()).count == 2)
}

@Test func `a regular expression together with layers, which PEFT refuses, is saved as names`() throws {
  let model = try tinyModel()
  var config = LoRAConfig()
  (config.modules.targets, config.modules.layers) = (.pattern(".*(query|value)"), [1])
  let saved = try config.configJSON(in: model)
  let names = ["query", "value"].map { "bert.encoder.layer.1.attention.self.\($0)" }
  #expect(saved["target_modules"] == .array(names.map(JSON.string)))
  #expect(try scales(read(saved), model).keys.sorted() == names)
}
