/// What a recipe's method trains on BERT-base (Tests/Fixtures/bert-base: config.json only), with three labels.
import Autograd
import Encoders
import Files
import Kernels
import TestSupport

@testable import Adapters
@testable import Recipes

/// The recipe of a method, and the parameters that it trains; of "trainable_tokens" two tokens.
func trainableParameters(_ method: JSON) throws -> (recipe: Recipe, parameters: [Parameter]) {
  try Processor.initialize()
  let model = try TextModel(
    ModelConfig(folder: fixture("bert-base")), .shapesOnly, headType: .tokenClassification, classes: 3, reuseHead: true,
    seed: 0)
  let recipe = try Recipe(json: minimalRecipe.with("method", method), checkFiles: false)
  let tokens: [Int32] = recipe.method.type == .trainableTokens ? [7, 9] : []
  let adapter = try recipe.method.adapter.map { try Adapter($0, on: model, trainableTokens: tokens, seed: 0) }
  return (recipe, try adapter?.trainable ?? recipe.method.full?.trainableParameters(in: model) ?? [])
}
