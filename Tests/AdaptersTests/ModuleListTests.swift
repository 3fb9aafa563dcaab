import Encoders
/// Modules, patterns and layers as they are written to adapter_config.json, and where PEFT reads them differently from a
/// recipe.
import Files
import Kernels
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
  #expect(saved["layers_to_transform"] == .null)
  #expect(try scales(read(saved), model).keys.sorted() == names)
}

private func lora(_ targets: ModuleChoice.Targets?, exclude: ModuleChoice.Targets? = nil) -> LoRAConfig {
  var config = LoRAConfig()
  (config.modules.targets, config.modules.exclude) = (targets, exclude)
  return config
}

@Test(arguments: [
  (ModuleChoice.Targets.pattern(".*layer\\.[01]\\..*"), nil as ModuleChoice.Targets?, 12),
  (.pattern(".*self\\.\\w+"), nil, 6), (.pattern("bert\\.encoder\\..*"), nil, 12),
  (.suffixes(["query", "key", "value"]), .pattern(".*\\bquery"), 4),
  (.suffixes(["query", "key", "value"]), .pattern(".*(\\bquery|value)"), 2),
  (.allLinear, .pattern(".*(?<!attention)\\.output\\.dense"), 10),
  (.pattern(".*(query|key)"), .suffixes(["layer.0.attention.self.key"]), 3),
])
func `what a regular expression chooses is saved as full names, without containers and exclusions`(
  _ targets: ModuleChoice.Targets, _ exclude: ModuleChoice.Targets?, _ count: Int
) throws {
  let model = try tinyModel(), config = lora(targets, exclude: exclude)
  let chosen = try config.resolve(in: model).map(\.projection.name)
  #expect(chosen.count == count)
  let saved = try config.configJSON(in: model)
  #expect(saved["target_modules"] == .array(chosen.map(JSON.string)))
  #expect(saved["exclude_modules"] == .null && saved["layers_to_transform"] == .null)
  #expect(try Set(scales(read(saved), model).keys) == Set(chosen))
}

@Test func `lists of name suffixes are saved as they are`() throws {
  let model = try tinyModel()
  var config = lora(.suffixes(["query", "dense"]), exclude: .suffixes(["attention.output.dense"]))
  config.modules.layers = [1]
  let saved = try config.configJSON(in: model)
  #expect(saved["target_modules"] == ["dense", "query"])
  #expect(saved["exclude_modules"] == ["attention.output.dense"])
  #expect(saved["layers_to_transform"] == [1])
  #expect(try scales(read(saved), model).count == 3)
}

@Test(arguments: [
  ModuleChoice.Targets.pattern("query"), .pattern(".*layer\\.0"), .suffixes(["query", "value"]), .suffixes(["layer.0"]),
])
func `an exclusion that excludes nothing is an error`(_ exclude: ModuleChoice.Targets) throws {
  let fault = #expect(throws: TargetFault.self) {
    try lora(.suffixes(["query", "key"]), exclude: exclude).resolve(in: tinyModel())
  }
  #expect("\(fault!)".contains("excludes none of the modules"))
  // PEFT's files may have one.
  #expect(
    try lora(.suffixes(["query", "key"]), exclude: .pattern("none")).resolve(in: tinyModel(), strict: false).count == 4)
}

@Test func `a new head is no target, and an exclusion may have flags`() throws {
  let model = try tinyModel(headType: .maskedLM)
  var config = lora(.suffixes(["query", "key", "dense"]), exclude: .pattern(".*er\\..*query"))
  config.addModulesToSave(["cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm"])
  let chosen = try config.resolve(in: model).map(\.projection.name)
  #expect(chosen.count == 8 && !chosen.contains { $0.hasSuffix("query") || $0.hasPrefix("cls.") })
  config.modules.exclude = .pattern("(?i).*QUERY")
  #expect(try config.resolve(in: model).map(\.projection.name) == chosen)
}

@Test func `patterns of ranks and alphas are saved by full names, and flags inside them are refused as in PEFT`() throws
{
  let model = try tinyModel()
  var config = lora(.suffixes(["query", "value"]))
  config.rankPattern = ["layer\\.0\\..*\\bquery": 4]
  config.alphaPattern = ["(?i:VALUE)": 2]
  let saved = try config.configJSON(in: model)
  #expect(saved["rank_pattern"] == ["bert.encoder.layer.0.attention.self.query": 4])
  #expect(
    saved["alpha_pattern"]
      == ["bert.encoder.layer.0.attention.self.value": 2, "bert.encoder.layer.1.attention.self.value": 2])
  config.rankPattern = ["(?i)QUERY": 4]
  let fault = #expect(throws: TargetFault.self) { try config.resolve(in: model) }
  #expect("\(fault!)".contains("\"(?i)QUERY\"") && "\(fault!)".contains("(?i:…)"))
}

@Test func `IA3's input scales are saved by full names where its modules are`() throws {
  let model = try tinyModel()
  var config = IA3Config()
  config.modules.targets = .pattern(".*layer\\.1\\..*(key|dense)")
  config.feedforward = .pattern(".*(?<!attention\\.)output\\.dense")
  let saved = try config.configJSON(in: model), layer = "bert.encoder.layer.1."
  #expect(
    saved["target_modules"]
      == .array(
        ["attention.self.key", "attention.output.dense", "intermediate.dense", "output.dense"].map {
          .string(layer + $0)
        }))
  #expect(saved["feedforward_modules"] == .array([.string(layer + "output.dense")]))
  config.feedforward = .pattern("output")
  #expect(throws: TargetFault.self) { try config.resolve(in: model, strict: true) }
}

@Test func `modules to save are written so that PEFT, which compares ends without a dot, saves the same`() throws {
  let model = try tinyModel()
  var config = lora(.suffixes(["query"]))
  config.modules.modulesToSave = ["embeddings", "key", "layer.0.output"]
  #expect(
    try config.configJSON(in: model)["modules_to_save"]
      == ["classifier", "score", "bert.embeddings", "key", "layer.0.output"])
}
