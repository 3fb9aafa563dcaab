/// Recipes that are right: what they say, what they leave out, and that writing and reading agree.
import Adapters
import Files
import FoundationEssentials
import Hashing
import Testing

@testable import Recipes

@Test func `the shipped recipe is read with its files in place`() throws {
  try inNewFolder { folder in
    let recipe = try Recipe(json: furnish(folder))
    #expect(recipe.about == "LoRA on NCBI-disease")
    #expect(recipe.seed == 7)
    #expect(recipe.model.path == "\(folder)/shared/models/minilm-l6")
    #expect(recipe.data.dev == ["\(folder)/shared/data/ncbi-disease/devel.tsv"])
    let lora = try #require(recipe.method.adapter as? LoRAConfig)
    #expect(lora.rank == 16)
    #expect(lora.alpha == 16)
    #expect(lora.modules.targets == .suffixes(["query", "key", "value", "dense"]))
    #expect(recipe.training.duration == .epochs(3))
    #expect(recipe.training.warmup == .ratio(0.1))
    #expect(recipe.training.maxGradNorm == 1)
  }
}

@Test func `every file in recipes is a recipe`() throws {
  let entries = RecipeLibrary.list(in: ["\(repository)/recipes"])
  #expect(!entries.isEmpty)
  for entry in entries {
    #expect(entry.fault == nil && !entry.about.isEmpty)
    let sweep = try Sweep.load(path: entry.path, checkFiles: false)
    if sweep == nil { _ = try Recipe.load(path: entry.path, checkFiles: false) }
  }
}

@Test func `the file that ships is the tree of these tests`() throws {
  let path = "\(repository)/recipes/ncbi-disease-lora.json"
  #expect(try Recipe.load(path: path, checkFiles: false) == Recipe(json: shipped, checkFiles: false))
}

@Test func `what a recipe leaves out has its default`() throws {
  let recipe = try Recipe(json: least, checkFiles: false)
  #expect(recipe.about == nil)
  #expect(recipe.seed == 42)
  #expect(recipe.model.dropout == nil && recipe.model.attentionDropout == nil)
  #expect(recipe.task == Recipe.Task())
  #expect(recipe.data.wordColumn == .index(0) && recipe.data.labelColumn == .last && recipe.data.scheme == .auto)
  #expect(recipe.data.maxLength == nil && recipe.data.stride == nil && recipe.data.maxTrainExamples == nil)
  #expect(recipe.method == Recipe.Method(.full))
  let training = recipe.training
  #expect(
    training.duration == .epochs(3) && training.batchSize == .examples(32) && training.trainSamplingStrategy == .random)
  #expect(training.gradientAccumulationSteps == 1 && training.learningRate == 5e-5 && training.schedule == .linear)
  #expect(training.warmup == .ratio(0) && training.weightDecay == 0.01 && training.maxGradNorm == 1)
  #expect(training.optimizer == .adamw && training.groups == [] && training.ema == nil && training.averageLast == nil)
  #expect(training.adamBeta1 == 0.9 && training.adamBeta2 == 0.999 && training.adamEpsilon == 1e-8)
  #expect(training.evalSteps == nil && training.metricForBestModel == .f1 && training.loggingSteps == 10)
}

@Test func `LoRA has defaults of its own, and a larger learning rate`() throws {
  let recipe = try Recipe(json: least.with("method", ["type": "lora"]), checkFiles: false)
  #expect(recipe.method.adapter as? LoRAConfig == LoRAConfig())
  #expect(recipe.training.learningRate == 1e-3)
  #expect(try Recipe(json: least.with("training.learning_rate", 2e-4), checkFiles: false).training.learningRate == 2e-4)
  let lora = LoRAConfig()
  #expect(lora.rank == 8 && lora.alpha == 8 && lora.dropout == 0 && !lora.useRSLoRA && lora.bias == .none)
  #expect(lora.modules == ModuleChoice())
}

@Test func `values of more than one kind are told apart`() throws {
  func lora(_ key: String, _ value: JSON) throws -> LoRAConfig? {
    let json = least.with("method", ["type": "lora"]).with("method.\(key)", value)
    return try Recipe(json: json, checkFiles: false).method.adapter as? LoRAConfig
  }
  #expect(try lora("target_modules", "all-linear")?.modules.targets == .allLinear)
  #expect(try lora("target_modules", ".*(query|key)")?.modules.targets == .pattern(".*(query|key)"))
  #expect(try lora("exclude_modules", ["key"])?.modules.exclude == .suffixes(["key"]))
  #expect(try lora("layers_to_transform", 3)?.modules.layers == [3])
  #expect(try lora("layers_to_transform", [0, 2])?.modules.layers == [0, 2])
  #expect(try lora("bias", "lora_only")?.bias == .loraOnly)
  let json = least.with("data.word_column", 1).with("data.label_column", "first").with("training.max_grad_norm", nil)
  let recipe = try Recipe(json: json.with("training.max_grad_norm", .null).with("seed", 3.0), checkFiles: false)
  #expect(recipe.data.wordColumn == .index(1) && recipe.data.labelColumn == .index(0))
  #expect(recipe.training.maxGradNorm == nil && recipe.seed == 3)
}

@Test func `the resolved recipe holds every default, and null where a limit is off`() throws {
  let json = try Recipe(json: least, overrides: ["training.max_grad_norm=null"], checkFiles: false).json
  #expect(json["seed"] == 42)
  #expect(json["data"]?["word_column"] == "first" && json["data"]?["label_column"] == "last")
  #expect(json["training"]?["epochs"]?.number == 3 && json["training"]?["batch_size"] == 32)
  #expect(json["training"]?["max_grad_norm"] == .null)
  #expect(json["training"]?["max_steps"] == nil && json["training"]?["metric_for_best_model"] == nil)
  #expect(json["method"] == ["type": "full", "layerwise_lr_decay": 1.0])
}

@Test func `a resolved recipe reads back as itself`() throws {
  for recipe in [shipped, least] {
    let first = try Recipe(json: recipe, checkFiles: false)
    #expect(try Recipe(text: first.json.text(), named: "r", checkFiles: false) == first)
  }
  for seed in 0..<300 {
    var dice = SplitMix64(seed: UInt64(seed))
    let json = randomRecipe(&dice)
    let first = try Recipe(json: json, checkFiles: false)
    let again = try Recipe(text: first.json.text(), named: "r", checkFiles: false)
    #expect(again == first, "seed \(seed): \(json.text())")
    #expect(again.json.text() == first.json.text())
  }
}

@Test func `the keys are listed once each, with purpose and default`() {
  let keys = Recipe.keys
  #expect(Set(keys.map(\.path)).count == keys.count)
  #expect(keys.allSatisfy { !$0.about.isEmpty && !$0.expected.isEmpty })
  #expect(
    keys.filter(\.isRequired).map(\.path) == [
      "model.path", "task.type", "data.format", "data.train", "method.type", "distillation.teachers",
      "output",
    ])
  #expect(keys.first { $0.path == "method.rank" }?.defaultValue == 8)
  #expect(keys.first { $0.path == "training.max_grad_norm" }?.defaultValue?.number == 1)
  #expect(keys.first { $0.path == "training.max_steps" }?.defaultValue == nil)
}

/// A recipe with any of the keys, each with a value that it may have.
func randomRecipe(_ dice: inout SplitMix64) -> JSON {
  var json = least.with("method.type", dice.pick(["full", "lora"]))
  func maybe(_ path: String, _ value: JSON, _ dice: inout SplitMix64) {
    if dice.next() % 2 == 0 { json = json.with(path, value) }
  }
  func number(_ range: Range<Double>, _ dice: inout SplitMix64) -> JSON { .double(.random(in: range, using: &dice)) }
  func count(_ least: Int, _ dice: inout SplitMix64) -> JSON { .int(.random(in: least...1000, using: &dice)) }
  maybe("about", dice.pick(["x", "α \"quoted\" \\ \n\u{1F9EC}", "[1, 2"]), &dice)
  maybe("seed", dice.pick([0, 7, .int(.max)]), &dice)
  for key in ["model.dropout", "model.attention_dropout", "task.label_smoothing"] {
    maybe(key, number(0..<1, &dice), &dice)
  }
  if json["method"]?["type"] == "full" {
    maybe("model.layers", dice.pick(["alternate", [0], [3, 1]]), &dice)
    maybe("model.family", dice.pick(["bert", "distilbert"]), &dice)
    maybe("model.config", dice.pick([[:], ["hidden_size": 8, "layer_norm_eps": 1e-5]]), &dice)
    maybe("model.tokenizer", "t", &dice)
  }
  maybe("task.class_weights", ["O": number(0.1..<2, &dice), "B-Disease": 3], &dice)
  for key in ["dev", "test"] { maybe("data.\(key)", .string("\(key).tsv"), &dice) }
  maybe("data.word_column", dice.pick(["first", 0, 3]), &dice)
  maybe("data.label_column", dice.pick(["last", 1, 2]), &dice)
  maybe("data.scheme", dice.pick(["auto", "iob1", "iob2", "iobes"]), &dice)
  maybe("data.max_length", .int(.random(in: 129...512, using: &dice)), &dice)
  maybe("data.stride", .int(.random(in: 0...64, using: &dice)), &dice)
  maybe("data.max_train_examples", count(1, &dice), &dice)
  if json["method"]?["type"] == "lora" {
    maybe("method.rank", count(1, &dice), &dice)
    maybe("method.alpha", number(0.1..<64, &dice), &dice)
    maybe("method.use_rslora", dice.pick([true, false]), &dice)
    maybe("method.target_modules", dice.pick(["all-linear", ".*query", ["key"]]), &dice)
    maybe("method.exclude_modules", dice.pick(["a|b", ["c", "d"]]), &dice)
    maybe("method.rank_pattern", dice.pick([[:], ["layer.0.query": 4]]), &dice)
    maybe("method.alpha_pattern", dice.pick([[:], ["key": 1.5]]), &dice)
    maybe("method.layers_to_transform", dice.pick([0, [1, 2]]), &dice)
    maybe("method.bias", dice.pick(["none", "all", "lora_only"]), &dice)
    maybe("method.modules_to_save", dice.pick([[], ["pooler"]]), &dice)
  }
  maybe(dice.pick(["training.epochs", "training.max_steps"]), count(1, &dice), &dice)
  maybe(dice.pick(["training.batch_size", "training.max_tokens_per_batch"]), count(1, &dice), &dice)
  json = json.with("training.learning_rate", number(1e-6..<1e-2, &dice))
  let schedule = dice.pick(["linear", "cosine", "constant", "polynomial", "inverse_sqrt", "one_cycle"])
  json = json.with("training.schedule", .string(schedule))
  if schedule == "one_cycle" {
    maybe("training.schedule_pct_start", number(0..<1, &dice), &dice)
    maybe("training.schedule_div_factor", number(1..<99, &dice), &dice)
    maybe("training.schedule_final_div_factor", number(1..<99, &dice), &dice)
  } else if dice.next() % 2 == 0 {
    maybe("training.warmup_ratio", number(0..<1, &dice), &dice)
  } else {
    maybe("training.warmup_steps", count(0, &dice), &dice)
  }
  if ["cosine", "polynomial"].contains(schedule) {
    maybe("training.schedule_min_lr_rate", number(0..<1, &dice), &dice)
  }
  if schedule == "polynomial" { maybe("training.schedule_power", number(0.1..<4, &dice), &dice) }
  if schedule == "inverse_sqrt" { maybe("training.schedule_timescale", count(1, &dice), &dice) }
  let optimizer = dice.pick(["adamw", "sgd", "lion", "adafactor"])
  json = json.with("training.optimizer", .string(optimizer))
  switch optimizer {
  case "adamw":
    maybe("training.adam_beta1", number(0..<1, &dice), &dice)
    maybe("training.adam_epsilon", 1e-6, &dice)
  case "sgd":
    maybe("training.sgd_momentum", number(0.1..<1, &dice), &dice)
    maybe("training.sgd_nesterov", dice.pick([true, false]), &dice)
  case "lion": maybe("training.lion_beta2", number(0..<1, &dice), &dice)
  default: break
  }
  let group: JSON = ["match": dice.pick([["x"], "x.*"]), "learning_rate": number(1e-6..<1e-2, &dice)]
  maybe("training.groups", dice.pick([[], [group, ["match": ["y", "z"], "weight_decay": 0.0]]]), &dice)
  if dice.next() % 2 == 0 {
    maybe("training.ema", number(0..<1, &dice), &dice)
  } else {
    maybe("training.average_last", count(1, &dice), &dice)
  }
  maybe("training.train_sampling_strategy", dice.pick(["random", "group_by_length"]), &dice)
  maybe("training.max_grad_norm", dice.pick([.null, 0.5, 1]), &dice)
  maybe("training.gradient_checkpointing", dice.pick([true, false]), &dice)
  if json["data"]?["dev"] != nil {
    if json["training"]?["average_last"] == nil {
      maybe("training.metric_for_best_model", dice.pick(["f1", "precision", "recall", "loss"]), &dice)
      maybe("training.early_stopping_patience", count(1, &dice), &dice)
    }
    maybe("training.eval_steps", count(1, &dice), &dice)
  }
  return json
}
