/// A run as a JSON file: which model, task, data, method and training. Read whole, every fault at once; every default
/// stands here or in a section's file. Does not open the data or the model: that is `RunBuilder`'s work.
public import Files
import FoundationEssentials
public import Kernels

/// A checked recipe with all its defaults filled in.
/// ```swift
/// let recipe = try Recipe.load(path: "recipes/ncbi-disease-lora.json", overrides: ["training.epochs=1"])
/// try writeFile(recipe.json.text(), to: "\(recipe.output)/recipe.json")
/// ```
public struct Recipe: Sendable, Equatable {
  /// What the recipe shows, in a sentence.
  public var about: String?
  /// Where all chance comes from.
  public var seed = 42
  /// What products read.
  public var precision = Precision.fp32
  public var model = Model()
  public var task = Task()
  public var data = Data()
  public var method = Method(.full)
  /// nil: only the task's own targets teach.
  public var distillation: Distillation?
  public var training = Training()
  public var logging = Logging()
  /// What a model that was trained whole is saved as; adapters are always fp32.
  public var saveDtype = SaveFormat.fp32
  /// The folder that the run writes into.
  public var output = ""

  public enum SaveFormat: String, CaseIterable, Sendable { case fp32, fp16, bf16 }
}

extension Recipe {
  /// Reads the recipe at `path` and what it extends, after `overrides` like `training.epochs=1` (see `Overrides`) and
  /// `setFiles` like `task.class_weights=weights.json`, whose values are the files' contents.
  /// - Parameter checkFiles: whether the model, the data and the output's place are looked for on the disk.
  /// - Throws: `FileFault` when the file cannot be read or is no JSON; `RecipeFaults` with all that is wrong in it.
  ///   A recipe with a sweep is a fault: `Sweep.load` reads it.
  public static func load(
    path: String, overrides: [String] = [], setFiles: [String] = [], checkFiles: Bool = true
  ) throws -> Recipe {
    let draft = try RawRecipe(path: path, overrides: overrides, setFiles: setFiles)
    return try Recipe(draft, checkFiles: checkFiles)
  }

  /// Reads the recipe in `text`; `file` is its name in faults. Throws what `load` throws.
  public init(text: String, named file: String, overrides: [String] = [], checkFiles: Bool = true) throws {
    let json = try JSON(parsing: .init(text.utf8), named: file)
    try self.init(json: json, named: file, overrides: overrides, checkFiles: checkFiles)
  }

  /// Reads the recipe in a JSON tree. Throws `RecipeFaults`.
  public init(json: JSON, named file: String? = nil, overrides: [String] = [], checkFiles: Bool = true) throws {
    try self.init(RawRecipe(json, named: file, overrides: overrides), checkFiles: checkFiles)
  }

  /// Reads one run's draft.
  init(_ draft: RawRecipe, checkFiles: Bool) throws {
    let (recipe, faults) = Recipe.read(draft, checkFiles: checkFiles)
    if draft.sweep != nil, faults.isEmpty {
      let fault = RecipeFault("sweep", "found a sweep", expected: "one run", advice: "Unset it with 'sweep=null'.")
      throw RecipeFaults(file: draft.file, [fault])
    }
    guard faults.isEmpty else { throw RecipeFaults(file: draft.file, faults) }
    self = recipe
  }

  /// What `draft` says, as far as it is right, and all that is wrong in it. Its sweep is not looked at.
  static func read(_ draft: RawRecipe, checkFiles: Bool) -> (recipe: Recipe, faults: [RecipeFault]) {
    var recipe = Recipe()
    let findings = Diagnostics(checkFiles: checkFiles)
    Fields.read(draft.json, known: RawRecipe.ownKeys, findings) { recipe.declare($0) }
    return (recipe, draft.blame(findings.faults))
  }

  /// The recipe with every default filled in. Reading it again gives an equal recipe.
  public var json: JSON {
    var copy = self
    return Environment.escape(Fields.write { copy.declare($0) }.json)
  }

  /// Every key that a recipe may have, section by section, whatever its type.
  public static var keys: [RecipeKey] {
    var blank = Recipe()
    return Fields.write { blank.declare($0) }.keys
  }

  mutating func declare(_ fields: Fields) {
    fields.optional("about", &about, .text, "What the recipe shows, in a sentence.")
    fields.field("seed", &seed, .int(0..., most: .max), "Where all chance comes from: same seed, same run.")
    fields.field("precision", &precision, .choice, "The numbers that products read: fp32, or bf16 with fp32 sums.")
    fields.object("model") { model.declare($0) }
    fields.object("task") { task.declare($0) }
    fields.object("data") { data.declare($0, for: task.type) }
    fields.object("method") { method.declare($0) }
    if method.adapter != nil { model.checkAsBase(fields, method.type) }
    fields.section("distillation", &distillation, initial: Distillation(for: task.type)) { $0.declare($1) }
    if fields.isReading {
      (training.learningRate, training.metricForBestModel) = (method.settings.defaultLearningRate, task.defaultMetric)
    }
    fields.object("training") {
      training.declare($0)
      $0.check(
        task.metrics.contains(training.metricForBestModel), "metric_for_best_model",
        expected: task.metrics.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
          + ", which task.type \"\(task.type.rawValue)\" has")
    }
    fields.object("logging") { logging.declare($0) }
    fields.field("save_dtype", &saveDtype, .choice, "The numbers that a model trained in full is saved as.")
    fields.required("output", &output, .newFolder, "The folder that the run writes its checkpoints and figures into.")
    let isModel = model.folders.contains { isSameFolder(output, $0) }
    fields.check(!isModel, "output", expected: "another folder than the model's")
  }
}

/// Whether both are written for the same folder, give or take a final slash.
private func isSameFolder(_ one: String, _ other: String) -> Bool {
  func bare(_ path: String) -> Substring { path.dropLast(path.hasSuffix("/") ? 1 : 0) }
  return !one.isEmpty && bare(one) == bare(other)
}
