/// Tests the section "multi_task": what it replaces, the keys of each task, and their faults.
import Files
import Tasks
import TestSupport
import Testing
import Training

@testable import Recipes

private let tasks: JSON = [
  "a": ["task": ["type": "token_classification"], "data": ["format": "conll", "train": "a", "dev": "b"]],
  "b": [
    "task": ["type": "regression"], "batch_size": 4, "metric": "spearman",
    "data": ["format": "jsonl", "train": "a", "dev": "b", "max_dev_examples": 3, "max_length": 64],
  ],
]

private let recipe = minimalRecipe.with("task", nil).with("data", nil).with("multi_task", ["tasks": tasks])

private func faults(_ json: JSON) -> [String] {
  do {
    _ = try Recipe(json: json, checkFiles: false)
    return []
  } catch {
    return (error as? RecipeFaults)?.faults.map(\.path).sorted() ?? ["\(error)"]
  }
}

@Test func `several tasks are read in the order of their names, each with its own data`() throws {
  let read = try Recipe(json: recipe, checkFiles: false)
  #expect(read.parts.map(\.name) == ["a", "b"] && read.parts.map(\.metric.name) == ["f1", "spearman"])
  #expect(read.parts[1].batchSize == .examples(4) && read.parts[0].batchSize == nil)
  #expect(read.parts[1].data.maxLength == 64 && read.parts[1].data.maxDevExamples == 3)
  #expect(read.metrics.map(\.name) == ["average", "loss"])
  #expect(read.json["task"] == nil && read.json["data"] == nil)
  #expect(read.json["training"]?["metric_for_best_model"] == "average")
  #expect(try Recipe(json: read.json, checkFiles: false) == read)
  #expect(read.with(read.parts[1]).json == read.json)
  #expect(try Recipe(json: minimalRecipe, checkFiles: false).parts.map(\.name) == [""])
}

@Test(
  arguments: [
    ("task", ["type": "regression"], ["task"]), ("distillation", ["teachers": "t"], ["distillation"]),
    ("multi_task.sampling_alpha", 1.5, ["multi_task.sampling_alpha"]),
    ("multi_task.tasks", ["a": ["task": [:]]], ["multi_task.tasks"]),
    ("multi_task.tasks.b.data.dev", nil, ["multi_task.tasks", "multi_task.tasks.b.data.max_dev_examples"]),
    ("multi_task.tasks.b.data.train", nil, ["multi_task.tasks.b.data.train"]),
    ("multi_task.tasks.b.data.label", "x", ["multi_task.tasks.b.data.label"]),
    ("multi_task.tasks.b.metric", "mse", ["multi_task.tasks.b.metric"]),
    ("multi_task.tasks.b.seed", 1, ["multi_task.tasks.b.seed"]),
    ("multi_task.tasks.average", [:], ["multi_task.tasks", "multi_task.tasks.average"]),
    ("multi_task.tasks.a/b", [:], ["multi_task.tasks", "multi_task.tasks.a/b"]),
    ("training.metric_for_best_model", "f1", ["training.metric_for_best_model"]),
    ("training.max_loss_spike", 3, ["training.max_loss_spike"]),
    ("training.cache_hidden_states", "on", ["training.cache_hidden_states"]),
  ] as [(String, JSON?, [String])])
func `a wrong value of several tasks has a fault at its key`(_ path: String, _ value: JSON?, _ expected: [String]) {
  #expect(faults(recipe.with(path, value)) == expected)
}

@Test func `a recipe without tasks needs a task and data`() {
  let none = recipe.with("multi_task", .null)
  #expect(faults(none) == ["data.format", "data.train", "task.type"])
  let masked: JSON = ["task": ["type": "masked_lm"], "data": ["format": "text", "train": "t", "dev": "d"]]
  #expect(faults(recipe.with("multi_task.tasks.b", masked)).contains("multi_task.tasks.b.task.type"))
}

@Test func `the schema accepts several tasks, and refuses a task beside them`() throws {
  let schema = SchemaValidator(root: Recipe.schema)
  #expect(schema.faults(recipe) == [])
  #expect(schema.faults(recipe.with("task", ["type": "regression"])) != [])
  #expect(schema.faults(recipe.with("multi_task", nil)) != [])
  #expect(schema.faults(recipe.with("multi_task.tasks.b.seed", 1)) != [])
  #expect(schema.faults(recipe.with("multi_task.tasks.b.data.max_length", "x")) != [])
}
