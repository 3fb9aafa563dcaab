/// The section "method" of IA3, VeRA, and the methods that train some of the model's own weights.
import Adapters
import Files
import TestSupport
import Testing

@testable import Recipes

private let sections: [JSON] = [
  [
    "type": "ia3", "target_modules": ["key", "intermediate.dense"], "feedforward_modules": ["intermediate.dense"],
    "exclude_modules": ".*layer\\.0\\..*", "init_ia3_weights": false, "modules_to_save": ["pooler"],
  ],
  ["type": "ia3", "feedforward_modules": []],
  [
    "type": "vera", "rank": 7, "dropout": 0.25, "d_initial": 0.5, "projection_prng_key": 9,
    "target_modules": "all-linear", "layers_to_transform": [1, 2], "modules_to_save": ["pooler"],
  ],
  ["type": "layer_norm", "target_modules": ["LayerNorm"], "exclude_modules": ["embeddings.LayerNorm"]],
  ["type": "bitfit", "biases": "all"], ["type": "bitfit", "biases": ["query"]],
  ["type": "head", "modules_to_save": ["pooler"]],
]

@Test(arguments: sections) func `settings are read and written back`(_ section: JSON) throws {
  let recipe = try Recipe(json: minimalRecipe.with("method", section), checkFiles: false)
  for (key, value) in section.object ?? [:] { #expect(recipe.json["method"]?[key] == value, "\(key)") }
  #expect(try Recipe(json: recipe.json, checkFiles: false) == recipe)
}

@Test func `every setting reaches its method`() throws {
  func method<Method: AdapterMethod>(_ index: Int, _ type: Method.Type) throws -> Method {
    let recipe = try Recipe(json: minimalRecipe.with("method", sections[index]), checkFiles: false)
    return try #require(recipe.method.adapter as? Method)
  }
  let ia3 = try method(0, IA3Config.self), vera = try method(2, VeRAConfig.self)
  #expect(ia3.feedforward == .suffixes(["intermediate.dense"]) && !ia3.initIA3Weights)
  #expect(ia3.modules.exclude == .pattern(".*layer\\.0\\..*") && ia3.modulesToSave == ["pooler"])
  #expect(try method(1, IA3Config.self).feedforward == .suffixes([]))
  #expect(vera.rank == 7 && vera.dropout == 0.25 && vera.dInitial == 0.5 && vera.projectionPRNGKey == 9)
  #expect(vera.modules.targets == .allLinear && vera.modules.layers == [1, 2] && vera.modulesToSave == ["pooler"])
  #expect(try method(3, LayerNormTuning.self).modules.exclude == .suffixes(["embeddings.LayerNorm"]))
  #expect(try method(5, BitFit.self).biases == .of(["query"]))
  #expect(try method(6, LinearProbe.self).modulesToSave == ["pooler"])
}

@Test(
  arguments: [
    (["type": "bitfit", "biases": "none"], "\"all\" or a list of module names"),
    (["type": "bitfit", "biases": []], "a non-empty list"),
    (["type": "layer_norm", "target_modules": "all-linear"], "a regular expression"),
    (["type": "vera", "exclude_modules": ["query"]], "exclude_modules"),
    (["type": "head", "rank": 3], "It belongs to method.type"),
  ] as [(JSON, String)])
func `an invalid setting is refused`(_ section: JSON, _ message: String) throws {
  let found = try faults(minimalRecipe.with("method", section))
  #expect(found.count == 1 && found[0].contains(message), "\(found)")
}
