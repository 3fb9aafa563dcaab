/// A recipe: a JSON file that describes one training run, with model, task, data, method and training. Reading reports
/// all faults at once. Defaults are here and in the sections' files. Does not open data or model: `RunBuilder` does.
package import Checkpoints
package import Files
import FoundationEssentials
package import Kernels
import Tasks
import Training

/// A checked recipe with all defaults filled in.
/// ```swift
/// let recipe = try Recipe.load(path: "recipes/ncbi-disease-lora.json", overrides: ["training.epochs=1"])
/// try writeFile(recipe.json.text(), to: "\(recipe.output)/recipe.json")
/// ```
package struct Recipe: Sendable, Equatable {
  /// One sentence about the recipe.
  package var about: String?
  /// The random seed of the whole run.
  package var seed = 42
  /// The precision of GEMM inputs.
  package var precision = Precision.fp32
  package var model = Model()
  package var task = Task()
  package var data = Data()
  /// Several tasks in place of `task` and `data`; nil: one.
  package var multiTask: MultiTask?
  package var method = Method(.full)
  /// nil: training without a teacher.
  package var distillation: Distillation?
  package var training = Training()
  package var logging = Logging()
  /// The data type of the saved weights of a model trained with method "full"; adapters are always saved in fp32.
  package var saveDtype = FloatFormat.f32
  /// The run's folder.
  package var output = ""
}

extension Recipe {
  /// Reads the recipe at `path` and the recipes that it extends, and applies `overrides`, such as `training.epochs=1`
  /// (see `Overrides`), and `setFiles`, such as `task.class_weights=weights.json`: the value is the file's content.
  /// - Parameter checkFiles: whether the paths of model, data and output are checked on the disk.
  /// - Throws: `FileFault` if a file cannot be read or is not valid JSON; `RecipeFaults` with all faults of the recipe.
  ///   A sweep is a fault here: `Sweep.load` reads it.
  package static func load(
    path: String, overrides: [String] = [], setFiles: [String] = [], checkFiles: Bool = true
  ) throws -> Recipe {
    let rawRecipe = try RawRecipe(path: path, overrides: overrides, setFiles: setFiles)
    return try Recipe(rawRecipe, checkFiles: checkFiles)
  }

  /// Reads the recipe in `text`; `file` is its name in faults. Throws the errors that `load` throws.
  package init(text: String, named file: String, overrides: [String] = [], checkFiles: Bool = true) throws {
    let json = try JSON(parsing: .init(text.utf8), named: file)
    try self.init(json: json, named: file, overrides: overrides, checkFiles: checkFiles)
  }

  /// Reads the recipe in a JSON tree. Throws `RecipeFaults`.
  package init(json: JSON, named file: String? = nil, overrides: [String] = [], checkFiles: Bool = true) throws {
    try self.init(RawRecipe(json, named: file, overrides: overrides), checkFiles: checkFiles)
  }

  /// Reads the raw recipe of a single run. Throws `RecipeFaults`.
  init(_ rawRecipe: RawRecipe, checkFiles: Bool) throws {
    if rawRecipe.bench != nil { throw RecipeFaults.isBench(rawRecipe.file) }
    let (recipe, faults) = Recipe.read(rawRecipe, checkFiles: checkFiles)
    if rawRecipe.sweep != nil, faults.isEmpty {
      let fault = RecipeFault("sweep", "found a sweep", expected: "a single run", advice: "Unset it with 'sweep=null'.")
      throw RecipeFaults(file: rawRecipe.file, [fault])
    }
    guard faults.isEmpty else { throw RecipeFaults(file: rawRecipe.file, faults) }
    self = recipe
  }

  /// The valid part of `rawRecipe`, and all its faults. The sweep is ignored.
  static func read(_ rawRecipe: RawRecipe, checkFiles: Bool) -> (recipe: Recipe, faults: [RecipeFault]) {
    var recipe = Recipe()
    let diagnostics = Diagnostics(checkFiles: checkFiles)
    Fields.read(rawRecipe.json, ignoring: RawRecipe.fileKeys, diagnostics) { recipe.declare($0) }
    return (recipe, rawRecipe.allFaults(with: diagnostics.faults))
  }

  /// The recipe with every default filled in. Reading it again gives an equal recipe.
  package var json: JSON {
    var copy = self
    return Environment.escape(Fields.write { copy.declare($0) }.json)
  }

  /// Every key that a recipe may have, by section, in all variants.
  package static var keys: [RecipeKey] {
    var recipe = Recipe()
    return Fields.write { recipe.declare($0) }.keys
  }

  mutating func declare(_ fields: Fields) {
    fields.optional("about", &about, .string, "One sentence about the recipe.")
    fields.field("seed", &seed, .int(0..., maximum: .max), "Random seed of the whole run.")
    fields.field("precision", &precision, .choice, "Precision of GEMM inputs: fp32, or bf16 with fp32 sums.")
    fields.object("model") { model.declare($0) }
    fields.section("multi_task", &multiTask, initial: MultiTask()) { $0.declare($1) }
    fields.alternative("multi_task", to: ["task", "data"], excluding: "distillation")
    if multiTask == nil {
      fields.object("task") { task.declare($0) }
      fields.object("data") { data.declare($0, for: task) }
    }
    if multiTask?.hasDev == true { fields.diagnostics.markGiven("data.dev") }
    fields.object("method") { method.declare($0) }
    model.declareAsBase(fields, for: method)
    fields.section("distillation", &distillation, initial: task.section.distillation) { $0.declare($1) }
    if fields.isReading {
      (training.settings.learningRate, training.settings.metricForBestModel) = (
        method.settings.defaultLearningRate, metrics[0]
      )
      training.settings.evalOnStart = multiTask == nil && task.type == .maskedLM
    }
    fields.object("training") {
      training.declare($0)
      $0.check(
        metrics.contains { $0.name == training.settings.metricForBestModel.name }, "metric_for_best_model",
        expected: oneOf(metrics.map { "\"\($0.name)\"" })
          + (multiTask == nil ? " for task.type \"\(task.type.rawValue)\"" : " for several tasks"))
      $0.check(
        multiTask == nil || training.settings.maxLossSpike == nil, "max_loss_spike",
        expected: "no value for several tasks, whose losses differ")
      $0.check(
        multiTask == nil || training.caching.hiddenStates != .on, "cache_hidden_states",
        expected: "\"auto\" or \"off\" for several tasks, whose hidden states are not cached")
      $0.check(
        multiTask != nil || !task.section.comparesExamples || training.settings.gradientAccumulationSteps == 1,
        "gradient_accumulation_steps",
        expected: "1, because the loss compares the examples of a batch; task.mini_batch_size makes large batches")
    }
    fields.object("logging") { logging.declare($0) }
    fields.field(
      "save_dtype", &saveDtype, .floatFormat, "Data type of the saved weights of a model trained with \"full\".")
    fields.required("output", &output, .newFolder, "The run's folder.")
    let isModelFolder = model.folders.contains { isSameFolder(output, $0) }
    fields.check(!isModelFolder, "output", expected: "a folder other than the model's")
  }
}

extension FieldType<FloatFormat> {
  fileprivate static var floatFormat: Self { named(FloatFormat.allCases.map { ($0.name, $0) }, write: \.name) }
}

/// Whether both paths are equal, apart from a final slash.
private func isSameFolder(_ first: String, _ second: String) -> Bool {
  func withoutSlash(_ path: String) -> Substring { path.dropLast(path.hasSuffix("/") ? 1 : 0) }
  return !first.isEmpty && withoutSlash(first) == withoutSlash(second)
}
