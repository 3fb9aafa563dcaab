/// Builds the objects of a run from a recipe. The only file that depends on all modules.
package import Adapters
package import Autograd
import Checkpoints
package import Encoders
package import Files
import Kernels
package import Recipes
package import Tasks
import Tokenization
package import Training

/// A task of a run, with the model, the adapter and the tokenizer that it uses.
package struct RunPart {
  /// With its task and data.
  let recipe: Recipe
  /// "" in a run with one task.
  let name: String
  let model: TextModel
  var setup: TaskSetup
  let adapter: Adapter?
  let tokenizer: TextTokenizer
}

/// The objects of a run.
package struct Run {
  /// One for each task.
  package internal(set) var parts: [RunPart]
  /// The part that the properties below are those of.
  var current = 0
  package var recipe: Recipe { parts[current].recipe }
  /// The task's name; "" in a run with one task.
  package var name: String { parts[current].name }
  package var model: TextModel { parts[current].model }
  package internal(set) var setup: TaskSetup {
    get { parts[current].setup }
    set { parts[current].setup = newValue }
  }
  /// nil for full fine-tuning.
  package var adapter: Adapter? { parts[current].adapter }
  package var tokenizer: TextTokenizer { parts[current].tokenizer }
  /// The adapter as an argument of the model's passes.
  package var adapters: RowAdapters { RowAdapters(adapter?.set) }
  package let table: ParameterTable
  package let trainer: Trainer
  package let replicas: Replicas
  /// The cache of teacher log-probabilities, not opened yet; nil: none.
  let teacherCache: TeacherCache?
  /// The cache of hidden states below all trainable parameters, not opened yet; nil: none.
  let hiddenStates: HiddenStateCachePlan?
  /// SHA-256 of the base model's weights; nil if they are randomly initialized.
  package let baseHash: String?
  /// The settings of the base's config.json that change outputs; nil if its weights are randomly initialized.
  let baseSettings: [String: JSON]?
  /// Digests of the base, the tokenizer, the data and the teachers, which must be unchanged when a run resumes.
  package let inputDigest: String
  /// What each of its parts, separated by spaces, is the digest of.
  let inputNames: [String]
  /// SHA-256 of the files of `recipe.dataPaths`.
  let dataDigests: [String]
  /// Messages for the user that are not errors: a new head, windows, labels.
  package let notes: [String]
  /// The models' parameters plus those that the adapters add, each once.
  package let totalParameterCount: Int
  package var trainableParameterCount: Int { table.parameters.reduce(0) { $0 + $1.count } }

  /// This run as each of its tasks has it.
  package var byTask: [Run] {
    parts.indices.map { index in
      var run = self
      run.current = index
      return run
    }
  }
}

package struct RunBuilder {
  let recipe: Recipe
  let threads: Int
  let communicator: any Communicator
  let unnamedFiles: UnnamedFiles

  /// - Parameters:
  ///   - communicator: connects this process with the others that train the same model.
  ///   - unnamedFiles: the caches that are not kept; runs may share them.
  package init(
    _ recipe: Recipe, threads: Int, communicator: any Communicator = SingleProcess(),
    unnamedFiles: UnnamedFiles = UnnamedFiles()
  ) {
    self.recipe = recipe
    self.threads = threads
    self.communicator = communicator
    self.unnamedFiles = unnamedFiles
  }

  /// - Throws: `ModelFault`, `TaskFault`, `TeacherFault`, `HiddenStateCacheFault`, and the errors of the modules that read
  ///   the recipe's files. `RankFault` for what several ranks cannot do.
  package func build() throws -> Run {
    try checkRanks()
    let source = try makeSource()
    var parts: [RunPart] = []
    for part in recipe.parts { parts.append(try makePart(part, source, beside: parts.first)) }
    let first = parts[0], model = first.model, setup = first.setup, adapter = first.adapter
    let baseHash = source.weights.checkpoint?.sha256
    let inputs = try inputDigests(baseHash, first.tokenizer)
    let objectiveSetup = try makeObjective(model, setup, first.tokenizer)
    let trained = try parts.map { try $0.trainable }
    let table = ParameterTable(training: trained.joined().unique + objectiveSetup.objective.parameters)
    for part in parts { part.model.setPrecision(recipe.precision, adapters: part.adapter.map { [$0.set] } ?? []) }
    let hiddenStates =
      parts.count > 1
      ? (plan: nil, notes: []) : try makeHiddenStateCachePlan(model, first.adapters, setup, objectiveSetup.objective)
    let replicas = Replicas(threads: threads, communicator: communicator)
    var settings = recipe.training.settings
    settings.seed = UInt64(recipe.seed)
    let learners = zip(parts, zip(recipe.parts, trained)).map { part, source in
      Learner(
        part.name, part.setup.task, part.model, adapters: part.adapters, parameters: source.1,
        batchSize: source.0.batchSize, metric: source.0.metric)
    }
    let trainer = try Trainer(
      learners, samplingAlpha: recipe.multiTask?.samplingAlpha ?? 1, table, settings, replicas,
      objective: objectiveSetup.objective,
      learningRateFactor: { [full = recipe.method.full] in
        adapter?.method.learningRateFactor(of: $0) ?? full?.learningRateFactor($0.name, in: model) ?? 1
      }, hook: adapter?.hook)
    Processor.returnFreedMemory()
    let parameters = parts.flatMap { $0.model.parameters }.unique
    return Run(
      parts: parts, table: table, trainer: trainer, replicas: replicas, teacherCache: objectiveSetup.cache,
      hiddenStates: hiddenStates.plan, baseHash: baseHash, baseSettings: baseHash == nil ? nil : source.baseSettings,
      inputDigest: (inputs.map(\.digest) + objectiveSetup.digests).joined(separator: " "),
      inputNames: inputs.map(\.name)
        + zip(recipe.distillation?.teachers ?? [], objectiveSetup.digests).flatMap { teacher, digests in
          digests.split(separator: " ").map { _ in "the teacher \(teacher.path)" }
        },
      dataDigests: inputs.suffix(recipe.dataPaths.count).map(\.digest),
      notes: (source.weights.checkpoint?.notes ?? []) + (try notes(of: parts, source)) + untrainedNotes(trainer)
        + objectiveSetup.notes + hiddenStates.notes,
      totalParameterCount: parameters.reduce(0) { $0 + $1.count } + (adapter?.addedParameterCount ?? 0))
  }

  /// The objects of one task.
  /// - Parameter first: the part whose encoder, and adapter, it shares; nil: it is the first.
  private func makePart(_ part: Recipe.Part, _ source: ModelSource, beside first: RunPart?) throws -> RunPart {
    let recipe = recipe.with(part), seed = UInt64(recipe.seed), config = source.config
    let (tokenizer, setup) = try setUp(part, source)
    if part.data.hasDev {
      try setup.check(self.recipe.multiTask == nil ? recipe.training.settings.metricForBestModel : part.metric)
    }
    let (type, layers, classes) = (setup.headType, setup.inference.headLayers, setup.labels.count)
    let model =
      if let first {
        try TextModel(
          sharingEncoderOf: first.model, source.weights, headType: type, layers: layers, classes: classes,
          reuseHead: setup.reuseHead, seed: seed)
      } else {
        try TextModel(
          config, source.weights, headType: type, layers: layers, classes: classes, reuseHead: setup.reuseHead,
          seed: seed)
      }
    if first == nil { source.initializeNewTokens(of: model) }
    model.gradientCheckpointing = recipe.training.gradientCheckpointing
    let adapter = try makeAdapter(
      model, tokenizer, newTokens: source.newTokens.map(\.id), sharing: first?.adapter, seed)
    return RunPart(
      recipe: recipe, name: part.name, model: model, setup: setup, adapter: adapter, tokenizer: tokenizer)
  }

  /// The checks of the data of each task, without the model's weights.
  /// - Throws: as `build`.
  package func checkData(showText: Bool) throws -> [(task: String, check: DataCheck)] {
    let source = try makeSource()
    return try recipe.parts.map { part in
      let (tokenizer, setup) = try setUp(part, source)
      return (part.name, try DataCheck(setup, part.data.taskData, tokenizer, showText: showText))
    }
  }

  /// The base with the new tokens of all tasks.
  private func makeSource() throws -> ModelSource {
    let newTokens = try recipe.parts.flatMap { try $0.task.settings.newTokens(in: $0.data.taskData) }
    return try ModelSource(
      recipe.model,
      newTokens: newTokens.reduce(into: []) { tokens, token in
        if !tokens.contains(token) { tokens.append(token) }
      }, threads: threads)
  }

  private func setUp(_ part: Recipe.Part, _ source: ModelSource) throws -> (tokenizer: TextTokenizer, setup: TaskSetup)
  {
    let data = part.data.taskData
    let tokenizer = try TextTokenizer(
      source.tokenizer, source.config, maxLength: part.data.maxLength ?? statedMaxLength(source.config, part.task.type),
      stride: part.data.stride, reserved: recipe.method.adapter?.virtualTokenCount ?? 0)
    let setup = try part.task.settings.setUp(
      TaskContext(
        data: data, tokenizer: tokenizer, baseLabels: baseLabels(source.config, part.task.type),
        teacherLabels: teacherLabels(), base: recipe.model.path, seed: UInt64(recipe.seed), threads: threads))
    return (tokenizer, setup)
  }

  /// The window of a base in a folder of sentence-transformers, for embeddings; nil: not stated.
  private func statedMaxLength(_ config: ModelConfig, _ task: TaskType) throws -> Int? {
    guard task == .embedding, let path = recipe.model.path, recipe.model.initialization == .checkpoint
    else { return nil }
    return try SentenceTransformersFolder(path)?.maxLength.map { min($0, config.maxSequenceLength) }
  }

  /// The labels of the base's head; none if config.json names a model with a head of another task.
  private func baseLabels(_ config: ModelConfig, _ task: TaskType) -> [String] {
    let types = TaskType.architectures(of: config)
    return types.isEmpty || types.contains(task) ? config.labels : []
  }

  /// The tokenizer counts as it is used, whatever files it was read from; config.json counts as a whole.
  private func inputDigests(
    _ base: String?, _ tokenizer: TextTokenizer
  ) throws -> [(name: String, digest: String)] {
    let files =
      (recipe.model.path.map { [$0 + "/config.json"] } ?? []) + recipe.dataPaths
    return [
      ("the weights of the base \(recipe.model.path ?? "")", sha256(of: base ?? "random")),
      ("the tokenizer", sha256(of: tokenizer.tokenizer.identity.text(pretty: false))),
    ] + (try files.map { ($0, try sha256(ofFile: $0)) })
  }

  /// The new adapter; nil for full fine-tuning.
  private func makeAdapter(
    _ model: TextModel, _ tokenizer: TextTokenizer, newTokens: [Int32], sharing other: Adapter?, _ seed: UInt64
  ) throws -> Adapter? {
    guard var method = recipe.method.adapter else { return nil }
    method.tokenizeTexts { tokenizer.tokenizer.encode($0, addSpecialTokens: true).ids }
    method.addModulesToSave(headModules(of: model))
    if let other { return try Adapter(method, on: model, sharing: other) }
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

  /// The notes of each part, with the names of several.
  private func notes(of parts: [RunPart], _ source: ModelSource) throws -> [String] {
    try parts.flatMap { part -> [String] in
      var notes = initializationNotes(part.model) + part.setup.notes + part.setup.dataNotes
      notes += try frozenTokenNotes(source, part.model) + sharedTextNotes(part.setup.task, part.recipe.data.taskData)
      return notes.map { part.name.isEmpty ? $0 : "\(part.name): \($0)" }
    }
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

extension RunPart {
  /// The adapter as an argument of the model's passes.
  fileprivate var adapters: RowAdapters { RowAdapters(adapter?.set) }

  /// What the run trains of it.
  fileprivate var trainable: [Parameter] {
    get throws { try adapter?.trainable ?? recipe.method.full?.trainableParameters(in: model) ?? model.parameters }
  }
}

extension Sequence<Parameter> {
  /// Each once.
  fileprivate var unique: [Parameter] {
    var seen: Set<ObjectIdentifier> = []
    return filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
}

extension Recipe.Data {
  var taskData: TaskData {
    TaskData(
      files: splits, format: format, maxTrainExamples: maxTrainExamples, maxDevExamples: maxDevExamples, folds: folds)
  }
}
