/// The section "method" of bottleneck adapters and prompt learning.
import Adapters
import Files
import TestSupport
import Testing
import Training

@testable import Recipes

private let methods: [JSON] = [
  [
    "type": "houlsby", "reduction_factor": 2.5, "non_linearity": "tanh", "scaling": 4, "dropout": 0.25,
    "leave_out": [0, 3],
  ],
  ["type": "pfeiffer", "non_linearity": "gelu"],
  ["type": "prompt", "num_virtual_tokens": 7, "prompt_tuning_init": "text", "prompt_tuning_init_text": "a b"],
  ["type": "prompt", "prompt_tuning_init": "sample_vocab"],
  ["type": "prefix", "num_virtual_tokens": 7, "prefix_projection": true, "encoder_hidden_size": 9],
]

@Test(arguments: methods) func `a method's settings survive writing and reading`(_ method: JSON) throws {
  let recipe = try Recipe(json: minimalRecipe.with("method", method), checkFiles: false)
  for (key, value) in method.object ?? [:] {
    let written = recipe.json["method"]?[key]
    #expect(written == value || value.number != nil && written?.number == value.number, "\(key)")
  }
  #expect(try Recipe(text: recipe.json.text(), named: "r", checkFiles: false) == recipe)
}

@Test func `defaults are those of adapters and PEFT, and each method has its own learning rate`() throws {
  func recipe(_ type: String) throws -> Recipe {
    try Recipe(json: minimalRecipe.with("method", ["type": .string(type)]), checkFiles: false)
  }
  let houlsby = try #require(recipe("houlsby").method.adapter as? BottleneckConfig)
  #expect(houlsby == .houlsby && houlsby.nonLinearity == .swish && houlsby.reductionFactor == 16)
  #expect(try recipe("pfeiffer").method.adapter as? BottleneckConfig == .pfeiffer)
  #expect(
    try ["houlsby", "prompt", "prefix"].map { try recipe($0).training.settings.learningRate } == [1e-4, 3e-2, 1e-2])
  #expect(try recipe("prompt").method.adapter?.virtualTokenCount == 20)
}
