/// Builds the objects of a run from a recipe. The only file that depends on all modules.
public import Adapters
public import Autograd
import Checkpoints
public import Files
import Kernels
public import Models
public import Recipes
public import Tasks
import Tokenizers
public import Training

/// The objects of a run.
public struct Run {
  public let recipe: Recipe
  public let model: TextModel
  public internal(set) var setup: TaskSetup
  /// nil for full fine-tuning.
  public let adapter: Adapter?
  /// The adapter as an argument of the model's passes.
  public var adapters: RowAdapters { RowAdapters(adapter?.set) }
  public let table: ParameterTable
  public let trainer: Trainer
  public let replicas: Replicas
  public let tokenizer: TextTokenizer
  /// The cache of teacher log-probabilities, not opened yet; nil: none.
  let teacherCache: TeacherCache?
  /// The cache of hidden states below all trainable parameters, not opened yet; nil: none.
  let hiddenStates: HiddenStateCachePlan?
  /// SHA-256 of the base model's weights; nil if they are randomly initialized.
  public let baseHash: String?
  /// The settings of the base's config.json that change outputs; nil if its weights are randomly initialized.
  let baseSettings: [String: JSON]?
  /// Digests of the base, the tokenizer, the data and the teachers, which must be unchanged when a run resumes.
  public let inputDigest: String
  /// What each of its parts, separated by spaces, is the digest of.
  let inputNames: [String]
  /// Messages for the user that are not errors: a new head, windows, labels.
  public let notes: [String]
  /// The model's parameters plus those that the adapter adds.
  public let totalParameterCount: Int
  public var trainableParameterCount: Int { table.parameters.reduce(0) { $0 + $1.count } }
}

public struct RunBuilder {
  let recipe: Recipe
  let threads: Int
  let unnamedFiles: UnnamedFiles

  /// - Parameter unnamedFiles: the caches that are not kept; runs may share them.
  public init(_ recipe: Recipe, threads: Int, unnamedFiles: UnnamedFiles = UnnamedFiles()) {
    self.recipe = recipe
    self.threads = threads
    self.unnamedFiles = unnamedFiles
  }

  /// - Throws: `ModelFault`, `TaskFault`, `TeacherFault`, `HiddenStateCacheFault`, and the errors of the modules that read
  ///   the recipe's files.
  public func build() throws -> Run {
    let (source, tokenizer, setup) = try setUpTask()
    let config = source.config, seed = UInt64(recipe.seed)
    if recipe.data.hasDev { try setup.check(recipe.training.settings.metricForBestModel) }
    let model = try TextModel(
      config, source.weights, headType: setup.headType, layers: setup.inference.headLayers,
      classes: setup.labels.count, reuseHead: setup.reuseHead, seed: seed)
    source.initializeNewTokens(of: model)
    model.gradientCheckpointing = recipe.training.gradientCheckpointing
    let adapter = try makeAdapter(model, tokenizer, newTokens: source.newTokens.map(\.id), seed)
    let baseHash = source.weights.checkpoint?.sha256
    let inputs = try inputDigests(baseHash, tokenizer)
    let objectiveSetup = try makeObjective(model, setup, tokenizer)
    let adapters = RowAdapters(adapter?.set)
    let trainable = try adapter?.trainable ?? recipe.method.full?.trainableParameters(in: model) ?? model.parameters
    let table = ParameterTable(training: trainable + objectiveSetup.objective.parameters)
    model.setPrecision(recipe.precision, adapters: adapter.map { [$0.set] } ?? [])
    let hiddenStates = try makeHiddenStateCachePlan(model, adapters, setup, objectiveSetup.objective)
    let replicas = Replicas(threads: threads)
    var settings = recipe.training.settings
    settings.seed = seed
    let trainer = try Trainer(
      model, setup.task, table, settings, replicas, adapters: adapters, objective: objectiveSetup.objective,
      learningRateFactor: { [full = recipe.method.full] in
        adapter?.method.learningRateFactor(of: $0) ?? full?.learningRateFactor($0.name, in: model) ?? 1
      }, hook: adapter?.hook)
    Processor.returnFreedMemory()
    let baseParameters = model.parameters.reduce(0) { $0 + $1.count }
    return Run(
      recipe: recipe, model: model, setup: setup, adapter: adapter, table: table, trainer: trainer, replicas: replicas,
      tokenizer: tokenizer, teacherCache: objectiveSetup.cache, hiddenStates: hiddenStates.plan, baseHash: baseHash,
      baseSettings: baseHash == nil ? nil : source.baseSettings,
      inputDigest: (inputs.map(\.digest) + objectiveSetup.digests).joined(separator: " "),
      inputNames: inputs.map(\.name)
        + zip(recipe.distillation?.teachers ?? [], objectiveSetup.digests).flatMap { teacher, digests in
          digests.split(separator: " ").map { _ in "the teacher \(teacher.path)" }
        },
      notes: (source.weights.checkpoint?.notes ?? []) + initializationNotes(model) + setup.notes
        + frozenTokenNotes(source, model)
        + (try sharedTextNotes(setup.task, recipe.data.taskData)) + untrainedNotes(trainer) + objectiveSetup.notes
        + hiddenStates.notes,
      totalParameterCount: baseParameters + (adapter?.addedParameterCount ?? 0))
  }

  /// The check of the run's data, without the model's weights.
  /// - Throws: as `build`.
  public func checkData(showText: Bool) throws -> DataCheck {
    let (_, tokenizer, setup) = try setUpTask()
    return try DataCheck(setup, recipe.data.taskData, tokenizer, showText: showText)
  }

  private func setUpTask() throws -> (source: ModelSource, tokenizer: TextTokenizer, setup: TaskSetup) {
    let data = recipe.data.taskData, settings = recipe.task.settings
    let source = try ModelSource(recipe.model, newTokens: settings.newTokens(in: data), threads: threads)
    let tokenizer = try TextTokenizer(
      source.tokenizer, source.config, maxLength: recipe.data.maxLength ?? statedMaxLength(source.config),
      stride: recipe.data.stride,
      reserved: recipe.method.adapter?.virtualTokenCount ?? 0)
    let setup = try settings.setUp(
      TaskContext(
        data: data, tokenizer: tokenizer, baseLabels: baseLabels(source.config), teacherLabels: teacherLabels(),
        base: recipe.model.path, seed: UInt64(recipe.seed), threads: threads))
    return (source, tokenizer, setup)
  }

  /// The window of a base in a folder of sentence-transformers, for embeddings; nil: not stated.
  private func statedMaxLength(_ config: ModelConfig) throws -> Int? {
    guard recipe.task.type == .embedding, let path = recipe.model.path, recipe.model.initialization == .checkpoint
    else { return nil }
    return try SentenceTransformersFolder(path)?.maxLength.map { min($0, config.maxSequenceLength) }
  }

  /// The labels of the base's head; none if config.json names a model with a head of another task.
  private func baseLabels(_ config: ModelConfig) -> [String] {
    let types = TaskType.architectures(of: config)
    return types.isEmpty || types.contains(recipe.task.type) ? config.labels : []
  }

  /// The tokenizer counts as it is used, whatever files it was read from; config.json counts as a whole.
  private func inputDigests(
    _ base: String?, _ tokenizer: TextTokenizer
  ) throws -> [(name: String, digest: String)] {
    let files = (recipe.model.path.map { [$0 + "/config.json"] } ?? []) + recipe.data.files.flatMap(\.paths)
    return [
      ("the weights of the base \(recipe.model.path ?? "")", sha256(of: base ?? "random")),
      ("the tokenizer", sha256(of: tokenizer.tokenizer.identity.text(pretty: false))),
    ] + (try files.map { ($0, try sha256(ofFile: $0)) })
  }

  /// The new adapter; nil for full fine-tuning.
  private func makeAdapter(
    _ model: TextModel, _ tokenizer: TextTokenizer, newTokens: [Int32], _ seed: UInt64
  ) throws -> Adapter? {
    guard var method = recipe.method.adapter else { return nil }
    method.tokenizeTexts { tokenizer.tokenizer.encode($0, addSpecialTokens: true).ids }
    method.addModulesToSave(headModules(of: model))
    return try Adapter(method, on: model, trainableTokens: newTokens, seed: seed)
  }

  /// Modules of the head that are trained besides the classifier: those that the base does not have, and those that PEFT
  /// always trains with it. Without the bias of a tied decoder, because PEFT has no module
  /// name for it.
  private func headModules(of model: TextModel) -> [String] {
    let names = Set(
      model.newlyInitialized.map(moduleName) + model.headTransformModules.filter(isTrainedWithClassifier)
        + model.tagLayerModules)
    return names.subtracting(model.outputLayers.parameters.map { moduleName(of: $0.name) }).sorted()
  }

  private func untrainedNotes(_ trainer: Trainer) -> [String] {
    let count = trainer.untrainedExampleCount
    return count == 0
      ? [] : ["train: \(count) of \(trainer.exampleCount) sequences have no target and are not trained on"]
  }

  private func frozenTokenNotes(_ source: ModelSource, _ model: TextModel) -> [String] {
    if source.newTokens.isEmpty || recipe.method.adapter != nil || model.wordEmbeddings.isTrainable { return [] }
    return ["new tokens: the word embeddings are frozen, so theirs stay the mean of those of their subword tokens"]
  }

  private func initializationNotes(_ model: TextModel) -> [String] {
    if recipe.model.initialization == .random { return ["all weights are randomly initialized"] }
    return model.newlyInitialized.isEmpty
      ? [] : ["newly initialized (not in the checkpoint): " + model.newlyInitialized.joined(separator: ", ")]
  }
}

extension Recipe.Data {
  var taskData: TaskData {
    TaskData(
      files: splits, format: format, maxTrainExamples: maxTrainExamples, maxDevExamples: maxDevExamples, folds: folds)
  }
}
