/// Valid recipes: values, defaults, and that a written recipe reads back as itself.
import Adapters
import Datasets
import Files
import FoundationEssentials
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
  for json in randomRecipes {
    let first = try Recipe(json: json, checkFiles: false)
    let again = try Recipe(text: first.json.text(), named: "r", checkFiles: false)
    #expect(again == first, "\(json.text())")
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
