/// Overrides from the command line, and their faults.
import Files
import FoundationEssentials
import TestSupport
import Testing
import Training

@testable import Recipes

private func apply(_ overrides: String..., to json: JSON = shipped) -> JSON {
  Overrides.apply(overrides, to: json).json
}

@Test func `a value is JSON if it parses, otherwise a string`() {
  #expect(apply("training.epochs=1")["training"]?["epochs"] == 1)
  #expect(apply("output=runs/a=b")["output"] == "runs/a=b")
  #expect(apply("output=\"7\"")["output"] == "7")
  #expect(apply("method.use_rslora=true")["method"]?["use_rslora"] == true)
  #expect(apply("method.target_modules=[\"query\"]")["method"]?["target_modules"] == ["query"])
  #expect(apply("training.epochs=NaN")["training"]?["epochs"] == "NaN")
  #expect(apply("output=")["output"] == "")
}

@Test func `missing objects are created, list elements replaced, and the last override applies`() {
  #expect(apply("task.class_weights.O=0.5", to: [:]) == ["task": ["class_weights": ["O": 0.5]]])
  #expect(
    apply("method.target_modules.1=output")["method"]?["target_modules"] == ["query", "output", "value", "dense"])
  #expect(apply("seed=1", "seed=2")["seed"] == 2)
}

@Test(arguments: [
  (
    "training.epochs.x=1",
    "training.epochs.x: found an override of a key in 3; expected an object or a list at 'training.epochs'."
  ),
  (
    "method.target_modules.4=x",
    "method.target_modules.4: found an override of a list element that does not exist; "
      + "expected an index from 0 to 3."
  ),
  ("epochs", "epochs: found the override \"epochs\"; expected key.path=value, as in training.epochs=1."),
  ("a..b=1", "a..b: found the override \"a..b=1\"; expected key.path=value, as in training.epochs=1."),
  ("training.ephocs=1", "training.ephocs: unknown key. Did you mean 'epochs'?"),
])
func `an invalid override is reported together with other faults`(_ override: String, _ message: String) throws {
  #expect(try faults(shipped, override, "seed=-1").contains(message))
  #expect(try faults(shipped, override, "seed=-1").contains("seed: found -1; expected a whole number of at least 0."))
}

@Test func `overrides apply to a loaded recipe`() throws {
  try inNewFolder { folder in
    try writeFile(shippedRecipe(withFilesIn: folder).text(), to: "\(folder)/r.json")
    let recipe = try Recipe.load(
      path: "\(folder)/r.json",
      overrides: ["method={\"type\":\"full\"}", "training.epochs=null", "training.max_steps=20"])
    #expect(recipe.method == Recipe.Method(.full) && recipe.training.settings.duration == .steps(20))
    #expect(recipe.training.settings.learningRate == 1e-3)
  }
}
