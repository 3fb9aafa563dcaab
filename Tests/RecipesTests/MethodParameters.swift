/// What a recipe's method trains on BERT-base (Tests/Fixtures/bert-base: config.json only), with three labels.
import Autograd
import Files
import Kernels
import Models
import TestSupport

@testable import Adapters
@testable import Recipes

/// The recipe of a method, and the parameters that it trains.
func trainableParameters(_ method: JSON) throws -> (recipe: Recipe, parameters: [Parameter]) {
  try Processor.initialize()
  let model = try TextModel(
    ModelConfig(folder: fixture("bert-base")), .shapesOnly, headType: .tokenClassification, classes: 3, reuseHead: true,
    seed: 0)
  let recipe = try Recipe(json: minimalRecipe.with("method", method), checkFiles: false)
  let adapter = try recipe.method.adapter.map { try Adapter($0, on: model, seed: 0) }
  return (recipe, try adapter?.trainable ?? recipe.method.full?.trainableParameters(in: model) ?? [])
}
