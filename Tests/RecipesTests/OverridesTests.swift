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

@Test(arguments: [
  "training.learning_rate", "training.metric_for_best_model", "training.eval_on_start", "training.schedule", "training",
  "data.label_column", "data.word_column", "method.alpha", "method.rank_pattern", "task.class_weights", "seed",
])
func `null unsets a key, so that its default holds`(_ key: String) throws {
  let given = try Recipe(json: shipped, overrides: ["\(key)=null"], checkFiles: false)
  #expect(try given == Recipe(json: shipped.with(key, nil), checkFiles: false))
  // A later value counts, and without the key nothing changes.
  #expect(apply("\(key)=null", "\(key)=7").value(at: key) == 7)
  #expect(apply("\(key)=null", to: [:]) == [:])
}

@Test func `null unsets keys that need others, drops those of the variant, and leaves required keys missing`() throws {
  let base = shipped.with("data.train_dev", true)
  let metric = try faults(base, "training.metric_for_best_model=f1")
  #expect(metric.count == 1 && metric[0].contains("data.train_dev"), "\(metric)")
  #expect(try faults(base, "training.metric_for_best_model=null") == [])
  #expect(try faults(shipped, "training.schedule=polynomial", "training.schedule_power=2") == [])
  let polynomial = shipped.with("training.schedule", "polynomial").with("training.schedule_power", 2)
  #expect(try faults(polynomial, "training.schedule=null") == [])
  #expect(try faults(shipped, "training.optimizer=lion", "training.learning_rate=null").count == 1)
  #expect(try faults(shipped, "distillation.kl_weight=null") == [])
  for key in ["output", "data.train", "task.type", "method"] {
    let found = try faults(shipped, "\(key)=null")
    #expect(found.contains { $0.hasPrefix(key) && $0.contains(": missing; ") }, "\(found)")
  }
}

@Test func `null is a value where the key has it, and reported where no key has it`() throws {
  #expect(apply("training.max_grad_norm=null")["training"]?["max_grad_norm"] == .null)
  #expect(apply("data.dev=null")["data"]?["dev"] == .null)
  #expect(try faults(shipped, "training.ephocs=null") == ["training.ephocs: unknown key. Did you mean 'epochs'?"])
  let weight = "task.class_weights.O"
  #expect(try faults(shipped, "\(weight)=null") == ["\(weight): found null; expected a number above 0."])
  #expect(apply("bench.methods.a=null", to: ["bench": ["methods": ["a": 1]]])["bench"]?["methods"] == ["a": .null])
  let part: JSON = ["task": ["type": "token_classification"], "data": ["label_column": 3]]
  let tasks: JSON = ["multi_task": ["tasks": ["a": part, "b": part]]]
  let unset = apply("multi_task.tasks.a.data.label_column=null", "multi_task.tasks.b.seed=null", to: tasks)
  #expect(unset.value(at: "multi_task.tasks.a.data") == [:])
  #expect(unset.value(at: "multi_task.tasks.b") == part.with("seed", .null))
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
