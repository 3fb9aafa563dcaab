/// Valid recipes: values, defaults, and that a written recipe reads back as itself.
import Adapters
import Datasets
import Files
import FoundationEssentials
import Hashing
import Tasks
import TestSupport
import Testing
import Training

@testable import Recipes

@Test func `the shipped recipe is read, with its files`() throws {
  try inNewFolder { folder in
    let recipe = try Recipe(json: shippedRecipe(withFilesIn: folder))
    #expect(recipe.about == "LoRA on NCBI-disease")
    #expect(recipe.seed == 7)
    #expect(recipe.model.path == "\(folder)/shared/models/minilm-l6")
    #expect(recipe.data.dev == ["\(folder)/shared/data/ncbi-disease/devel.tsv"])
    let lora = try #require(recipe.method.adapter as? LoRAConfig)
    #expect(lora.rank == 16)
    #expect(lora.alpha == 16)
    #expect(lora.modules.targets == .suffixes(["query", "key", "value", "dense"]))
    #expect(recipe.training.settings.duration == .epochs(3))
    #expect(recipe.training.settings.warmup == .ratio(0.1))
    #expect(recipe.training.settings.optimizer.maxGradNorm == 1)
  }
}

@Test func `the shipped recipe of these tests is the file in recipes`() throws {
  let path = "\(repository)/recipes/ncbi-disease-lora.json"
  #expect(try Recipe.load(path: path, checkFiles: false) == Recipe(json: shipped, checkFiles: false))
}

@Test func `missing keys have their defaults`() throws {
  let recipe = try Recipe(json: minimalRecipe, checkFiles: false)
  #expect(recipe.about == nil)
  #expect(recipe.seed == 42)
  #expect(recipe.model.dropout == nil && recipe.model.attentionDropout == nil)
  #expect(recipe.task == Recipe.Task())
  let format = try #require(recipe.data.format as? CoNLLFormat)
  #expect(format.columns == CoNLLColumns(word: 0, label: -1) && format.scheme == nil)
  #expect(recipe.data.maxLength == nil && recipe.data.stride == nil && recipe.data.maxTrainExamples == nil)
  #expect(recipe.method == Recipe.Method(.full))
  let training = recipe.training, settings = training.settings
  #expect(
    settings.duration == .epochs(3) && settings.batchSize == .examples(32) && settings.samplingStrategy == .random)
  #expect(settings.gradientAccumulationSteps == 1 && settings.learningRate == 5e-5 && settings.schedule == .linear)
  #expect(settings.warmup == .ratio(0) && settings.groups == [] && settings.average == nil)
  let optimizer = settings.optimizer
  #expect(optimizer.weightDecay == 0.01 && optimizer.maxGradNorm == 1)
  let adamW = try #require(optimizer.algorithm as? AdamWSettings)
  #expect(adamW.beta1 == 0.9 && adamW.beta2 == 0.999 && adamW.epsilon == 1e-8)
  #expect(settings.evalSteps == nil && settings.metricForBestModel.name == "f1" && training.loggingSteps == 10)
}

@Test func `LoRA has its own defaults, and a larger learning rate`() throws {
  let recipe = try Recipe(json: minimalRecipe.with("method", ["type": "lora"]), checkFiles: false)
  #expect(recipe.method.adapter as? LoRAConfig == LoRAConfig())
  #expect(recipe.training.settings.learningRate == 1e-3)
  #expect(
    try Recipe(json: minimalRecipe.with("training.learning_rate", 2e-4), checkFiles: false).training.settings
      .learningRate == 2e-4)
  let lora = LoRAConfig()
  #expect(lora.rank == 8 && lora.alpha == 8 && lora.dropout == 0 && !lora.useRSLoRA && lora.bias == .none)
  #expect(lora.modules == ModuleChoice())
}

@Test func `values of different JSON types are read`() throws {
  func lora(_ key: String, _ value: JSON) throws -> LoRAConfig? {
    let json = minimalRecipe.with("method", ["type": "lora"]).with("method.\(key)", value)
    return try Recipe(json: json, checkFiles: false).method.adapter as? LoRAConfig
  }
  #expect(try lora("target_modules", "all-linear")?.modules.targets == .allLinear)
  #expect(try lora("target_modules", ".*(query|key)")?.modules.targets == .pattern(".*(query|key)"))
  #expect(try lora("exclude_modules", ["key"])?.modules.exclude == .suffixes(["key"]))
  #expect(try lora("layers_to_transform", 3)?.modules.layers == [3])
  #expect(try lora("layers_to_transform", [0, 2])?.modules.layers == [0, 2])
  #expect(try lora("bias", "lora_only")?.bias == .loraOnly)
  let json = minimalRecipe.with("data.word_column", 1).with("data.label_column", "first").with(
    "training.max_grad_norm", nil)
  let recipe = try Recipe(json: json.with("training.max_grad_norm", .null).with("seed", 3.0), checkFiles: false)
  #expect((recipe.data.format as? CoNLLFormat)?.columns == CoNLLColumns(word: 1, label: 0))
  #expect(recipe.training.settings.optimizer.maxGradNorm == nil && recipe.seed == 3)
}

@Test func `the resolved recipe has every default, and null for a limit that is off`() throws {
  let json = try Recipe(json: minimalRecipe, overrides: ["training.max_grad_norm=null"], checkFiles: false).json
  #expect(json["seed"] == 42)
  #expect(json["data"]?["word_column"] == "first" && json["data"]?["label_column"] == "last")
  #expect(json["training"]?["epochs"]?.number == 3 && json["training"]?["batch_size"] == 32)
  #expect(json["training"]?["max_grad_norm"] == .null)
  #expect(json["training"]?["max_steps"] == nil && json["training"]?["metric_for_best_model"] == nil)
  #expect(json["method"] == ["type": "full", "layerwise_lr_decay": 1.0])
}

@Test func `a resolved recipe reads back as itself`() throws {
  for recipe in [shipped, minimalRecipe] {
    let first = try Recipe(json: recipe, checkFiles: false)
    #expect(try Recipe(text: first.json.text(), named: "r", checkFiles: false) == first)
  }
  for seed in 0..<300 {
    var rng = SplitMix64(seed: UInt64(seed))
    let json = randomRecipe(&rng)
    let first = try Recipe(json: json, checkFiles: false)
    let again = try Recipe(text: first.json.text(), named: "r", checkFiles: false)
    #expect(again == first, "seed \(seed): \(json.text())")
    #expect(again.json.text() == first.json.text())
  }
}

@Test func `every key is listed once, with description and default`() {
  let keys = Recipe.keys
  #expect(Set(keys.map(\.path)).count == keys.count)
  #expect(keys.allSatisfy { !$0.about.isEmpty && !$0.expected.isEmpty })
  #expect(
    keys.filter(\.isRequired).map(\.path) == [
      "model.path", "multi_task.tasks", "task.type", "data.format", "data.train", "data.folds.count",
      "method.type",
      "distillation.teachers", "output",
    ])
  #expect(keys.first { $0.path == "method.rank" }?.defaultValue == 8)
  #expect(keys.first { $0.path == "training.max_grad_norm" }?.defaultValue?.number == 1)
  #expect(keys.first { $0.path == "training.max_steps" }?.defaultValue == nil)
}

/// A valid recipe with random keys and values.
func randomRecipe(_ rng: inout SplitMix64) -> JSON {
  var json = minimalRecipe.with("method.type", rng.pick(["full", "lora"]))
  func maybe(_ path: String, _ value: JSON, _ rng: inout SplitMix64) {
    if rng.next() % 2 == 0 { json = json.with(path, value) }
  }
  func number(_ range: Range<Double>, _ rng: inout SplitMix64) -> JSON { .double(.random(in: range, using: &rng)) }
  func count(_ minimum: Int, _ rng: inout SplitMix64) -> JSON { .int(.random(in: minimum...1000, using: &rng)) }
  maybe("about", rng.pick(["x", "α \"quoted\" \\ \n\u{1F9EC}", "[1, 2"]), &rng)
  maybe("seed", rng.pick([0, 7, .int(.max)]), &rng)
  for key in ["model.dropout", "model.attention_dropout", "task.label_smoothing"] {
    maybe(key, number(0..<1, &rng), &rng)
  }
  if json["method"]?["type"] == "full" {
    maybe("model.layers", rng.pick(["alternate", [0], [3, 1]]), &rng)
    maybe("model.family", rng.pick(["bert", "distilbert"]), &rng)
    maybe("model.config", rng.pick([[:], ["hidden_size": 8, "layer_norm_eps": 1e-5]]), &rng)
    maybe("model.tokenizer", "t", &rng)
  }
  maybe("task.class_weights", ["O": number(0.1..<2, &rng), "B-Disease": 3], &rng)
  for key in ["dev", "test"] { maybe("data.\(key)", .string("\(key).tsv"), &rng) }
  maybe("data.word_column", rng.pick(["first", 0, 3]), &rng)
  maybe("data.label_column", rng.pick(["last", 1, 2]), &rng)
  maybe("data.scheme", rng.pick(["auto", "iob1", "iob2", "iobes", "bilou"]), &rng)
  maybe("data.max_length", .int(.random(in: 129...512, using: &rng)), &rng)
  maybe("data.stride", .int(.random(in: 0...64, using: &rng)), &rng)
  maybe("data.max_train_examples", count(1, &rng), &rng)
  if json["method"]?["type"] == "lora" {
    maybe("method.rank", count(1, &rng), &rng)
    maybe("method.alpha", number(0.1..<64, &rng), &rng)
    maybe("method.use_rslora", rng.pick([true, false]), &rng)
    maybe("method.target_modules", rng.pick(["all-linear", ".*query", ["key"]]), &rng)
    maybe("method.exclude_modules", rng.pick(["a|b", ["c", "d"]]), &rng)
    maybe("method.rank_pattern", rng.pick([[:], ["layer.0.query": 4]]), &rng)
    maybe("method.alpha_pattern", rng.pick([[:], ["key": 1.5]]), &rng)
    maybe("method.layers_to_transform", rng.pick([0, [1, 2]]), &rng)
    maybe("method.bias", rng.pick(["none", "all", "lora_only"]), &rng)
    maybe("method.modules_to_save", rng.pick([[], ["pooler"]]), &rng)
  }
  maybe(rng.pick(["training.epochs", "training.max_steps"]), count(1, &rng), &rng)
  maybe(rng.pick(["training.batch_size", "training.max_tokens_per_batch"]), count(1, &rng), &rng)
  json = json.with("training.learning_rate", number(1e-6..<1e-2, &rng))
  let schedule = rng.pick(["linear", "cosine", "constant", "polynomial", "inverse_sqrt", "one_cycle"])
  json = json.with("training.schedule", .string(schedule))
  if schedule == "one_cycle" {
    maybe("training.schedule_pct_start", number(0..<1, &rng), &rng)
    maybe("training.schedule_div_factor", number(1..<99, &rng), &rng)
    maybe("training.schedule_final_div_factor", number(1..<99, &rng), &rng)
  } else if rng.next() % 2 == 0 {
    maybe("training.warmup_ratio", number(0..<1, &rng), &rng)
  } else {
    maybe("training.warmup_steps", count(0, &rng), &rng)
  }
  if ["cosine", "polynomial"].contains(schedule) {
    maybe("training.schedule_min_lr_rate", number(0..<1, &rng), &rng)
  }
  if schedule == "polynomial" { maybe("training.schedule_power", number(0.1..<4, &rng), &rng) }
  if schedule == "inverse_sqrt" { maybe("training.schedule_timescale", count(1, &rng), &rng) }
  let optimizer = rng.pick(["adamw", "sgd", "lion", "adafactor"])
  json = json.with("training.optimizer", .string(optimizer))
  switch optimizer {
  case "adamw":
    maybe("training.adam_beta1", number(0..<1, &rng), &rng)
    maybe("training.adam_epsilon", 1e-6, &rng)
  case "sgd":
    maybe("training.sgd_momentum", number(0.1..<1, &rng), &rng)
    maybe("training.sgd_nesterov", rng.pick([true, false]), &rng)
  case "lion": maybe("training.lion_beta2", number(0..<1, &rng), &rng)
  default: break
  }
  let group: JSON = ["match": rng.pick([["x"], "x.*"]), "learning_rate": number(1e-6..<1e-2, &rng)]
  maybe("training.groups", rng.pick([[], [group, ["match": ["y", "z"], "weight_decay": 0.0]]]), &rng)
  if rng.next() % 2 == 0 {
    maybe("training.ema_decay", number(0..<1, &rng), &rng)
  } else {
    maybe("training.average_last_evals", count(1, &rng), &rng)
  }
  maybe("training.train_sampling_strategy", rng.pick(["random", "group_by_length"]), &rng)
  maybe("training.max_grad_norm", rng.pick([.null, 0.5, 1]), &rng)
  maybe("training.gradient_checkpointing", rng.pick([true, false]), &rng)
  if json["data"]?["dev"] != nil {
    if json["training"]?["average_last_evals"] == nil {
      maybe("training.metric_for_best_model", rng.pick(["f1", "precision", "recall", "loss"]), &rng)
      maybe("training.early_stopping_patience", count(1, &rng), &rng)
    }
    maybe("training.eval_steps", count(1, &rng), &rng)
  }
  return json
}
