/// The section "method" of LoRA and AdaLoRA.
import Adapters
import Files
import TestSupport
import Testing

@testable import Recipes

private func method(_ method: JSON) throws -> [String] { try faults(minimalRecipe.with("method", method)) }

@Test func `invalid initializations and ranks are faults`() throws {
  #expect(
    try method(["type": "lora", "init_lora_weights": "pizza"]) == [
      "method.init_lora_weights: found \"pizza\"; expected \"default\", \"gaussian\", \"orthogonal\", "
        + "\"pissa\", \"pissa_niter_N\" with N from 0 to 100, or \"olora\"."
    ])
  for name in ["pissa", "pissa_niter_4", "olora"] as [JSON] {
    let found = try method(["type": "lora", "init_lora_weights": name, "use_dora": true])
    #expect(
      found.count == 1
        && found[0].hasPrefix("method.init_lora_weights: found \"\(name.string ?? "")\" together with 'use_dora'"),
      "\(found)")
  }
  #expect(try method(["type": "lora", "init_lora_weights": "orthogonal", "use_dora": true]) == [])
  for name in ["pissa_niter_101", "pissa_niter_", "pissa_niter_x"] as [JSON] {
    #expect(try method(["type": "lora", "init_lora_weights": name]).count == 1)
  }
  let found = try method(["type": "adalora", "init_r": 4, "target_r": 4])
  #expect(found.count == 1 && found[0].hasPrefix("method.target_r: found 4; expected less than init_r, 4"), "\(found)")
  #expect(try method(["type": "adalora", "rank": 4]).count == 1)
  #expect(try method(["type": "lora", "init_r": 4]).count == 1)
}

@Test func `settings of LoRA and AdaLoRA are read and written back`() throws {
  let settings: JSON = [
    "type": "adalora", "init_r": 6, "target_r": 3, "tinit": 5, "tfinal": 7, "deltaT": 2, "beta1": 0.9, "beta2": 0.8,
    "orth_reg_weight": 0.25, "alpha": 12,
  ]
  let recipe = try Recipe(json: minimalRecipe.with("method", settings), checkFiles: false)
  let adalora = try #require(recipe.method.adapter as? AdaLoRAConfig)
  #expect([adalora.initR, adalora.targetR, adalora.tInit, adalora.tFinal, adalora.deltaT] == [6, 3, 5, 7, 2])
  #expect([adalora.beta1, adalora.beta2, adalora.orthRegWeight, adalora.alpha] == [0.9, 0.8, 0.25, 12])
  #expect(try Recipe(json: recipe.json, checkFiles: false) == recipe)
  let lora: JSON = ["type": "lora", "init_lora_weights": "pissa_niter_7", "loraplus_lr_ratio": 4]
  let loraRecipe = try Recipe(json: minimalRecipe.with("method", lora), checkFiles: false)
  let config = try #require(loraRecipe.method.adapter as? LoRAConfig)
  #expect(config.initialization == .pissaByIteration(7) && config.loraPlusRatio == 4 && !config.useDoRA)
  #expect(loraRecipe.json["method"]?["init_lora_weights"] == "pissa_niter_7")
}

@Test(arguments: [("rank", 8.0), ("2*rank", 16), ("0.5*rank", 4), ("1.25*rank", 10), ("0.05*rank", 0.4)])
func `alpha may be a multiple of the rank, and is resolved`(_ alpha: String, _ expected: Double) throws {
  // The order of the keys does not matter.
  for settings: JSON in [
    ["type": "lora", "rank": 8], ["type": "lora"], ["type": "adalora", "init_r": 8, "target_r": 4],
  ] {
    let json = minimalRecipe.with("method", settings).with("method.alpha", .string(alpha))
    let recipe = try Recipe(json: json, checkFiles: false)
    let scaling = try #require(recipe.method.scaling)
    #expect(scaling.alpha == expected && scaling.rank == 8)
    #expect(recipe.json["method"]?["alpha"] == .double(expected))
    #expect(try Recipe(json: recipe.json, checkFiles: false) == recipe)
  }
}

@Test func `alpha follows a rank from the command line, and modules with another rank keep it`() throws {
  let json = minimalRecipe.with("method", ["type": "lora", "alpha": "2*rank", "rank_pattern": ["query": 2]])
  let recipe = try Recipe(json: json, overrides: ["method.rank=32"], checkFiles: false)
  let lora = try #require(recipe.method.adapter as? LoRAConfig)
  #expect(lora.alpha == 64 && lora.rank == 32 && lora.rankPattern == ["query": 2] && lora.alphaPattern == [:])
  let later = try Recipe(
    json: minimalRecipe, overrides: ["method={\"type\":\"lora\"}", "method.alpha=rank"], checkFiles: false)
  #expect(later.method.scaling?.alpha == 8)
}

@Test func `another text is not an alpha`() throws {
  let large = "1" + String(repeating: "0", count: 400)
  for alpha: JSON in ["rank*2", "0*rank", "-1*rank", "2 * rank", "ranks", "", "2*", true, ["rank"]] {
    let found = try method(["type": "lora", "alpha": alpha])
    #expect(found.count == 1 && found[0].hasPrefix("method.alpha: found "), "\(found)")
    #expect(found[0].hasSuffix("expected a number above 0, \"rank\", or \"N*rank\" with a number N."), "\(found)")
  }
  #expect(try method(["type": "lora", "alpha": .string(large + "*rank")]).count == 1)
  #expect(try method(["type": "lora", "alpha": 0]) == ["method.alpha: found 0; expected a number above 0."])
  #expect(try method(["type": "vera", "alpha": "rank"]).count == 1)
}
