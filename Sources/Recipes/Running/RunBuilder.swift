/// Builds the objects of a run from a recipe. The only file that depends on all modules.
public import Adapters
public import Autograd
import Checkpoints
import Files
import Kernels
public import Models
public import Tasks
import Tokenizers
public import Training

/// The objects of a run.
public struct Run {
  public let recipe: Recipe
  public let model: TextModel
  public let work: Work
  /// nil for full fine-tuning.
  public let adapter: Adapter?
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
  /// Digests of the base, the tokenizer, the data and the teachers, which must be unchanged when a run resumes.
  public let inputDigest: String
  /// Messages for the user that are not errors: a new head, windows, labels.
  public let notes: [String]
  /// The model's parameters plus those that the adapter adds.
  public let totalParameterCount: Int
  public var trainableParameterCount: Int { table.parameters.reduce(0) { $0 + $1.count } }
}

/// A recipe with valid keys whose data do not match.
public enum RunFault: Error, CustomStringConvertible {
  case unknownLabels(file: String, labels: [String], known: [String])
  case unknownClassWeights([String], known: [String])
  case noWords(file: String)

  public var description: String {
    switch self {
    case .unknownLabels(let file, let labels, let known):
      "\(file): found labels that the training file does not have: \(labels.joined(separator: ", ")). It has "
        + known.joined(separator: ", ") + "."
    case .unknownClassWeights(let names, let known):
      "task.class_weights: no such label: \(names.joined(separator: ", ")). The data have "
        + known.joined(separator: ", ") + "."
    case .noWords(let file):
      "\(file): every token of the text is unknown to the model's vocabulary, so that there is nothing to mask. "
        + "Is the text in the model's language? 'model.tokenizer' sets another vocabulary."
    }
  }
}

public struct RunBuilder {
  let recipe: Recipe
  let threads: Int

  public init(_ recipe: Recipe, threads: Int) {
    self.recipe = recipe
    self.threads = threads
  }

  /// - Throws: `ModelFault`, `RunFault`, `TeacherFault`, `HiddenStateCacheFault`, and the errors of the modules that read
  ///   the recipe's files.
  public func build() throws -> Run {
    let source = try ModelSource(recipe.model), config = source.config
    let tokenizer = try TextTokenizer(
      source.tokenizer, config, maxLength: recipe.data.maxLength, stride: recipe.data.stride,
      reserved: recipe.method.adapter?.virtualTokenCount ?? 0)
    let work = try makeWork(config, tokenizer)
    let seed = UInt64(recipe.seed)
    let model = try TextModel(
      config, source.weights, headType: work.headType, classes: work.labels.count, reuseHead: work.reuseHead, seed: seed
    )
    model.gradientCheckpointing = recipe.training.gradientCheckpointing
    let adapter = try makeAdapter(model, tokenizer, seed)
    let baseHash = try source.weights.checkpoint?.sha256()
    let inputs = try inputDigests(baseHash, source.files)
    let objectiveSetup = try makeObjective(model, work, tokenizer)
    let trainable = try adapter?.trainable ?? recipe.method.full?.trainableParameters(in: model) ?? model.parameters
    let table = ParameterTable(training: trainable + objectiveSetup.objective.parameters)
    model.setPrecision(recipe.precision)
    let hiddenStates = try makeHiddenStateCachePlan(model, work, objectiveSetup.objective)
    let replicas = Replicas(threads: threads)
    let trainer = try Trainer(
      model, work.task, table, recipe.trainingSettings, replicas, objective: objectiveSetup.objective,
      learningRateFactor: { [full = recipe.method.full] in
        adapter?.method.learningRateFactor(of: $0) ?? full?.learningRateFactor($0.name, in: model) ?? 1
      }, hook: adapter?.hook)
    Processor.returnFreedMemory()
    let baseParameters = model.parameters.reduce(0) { $0 + $1.count }
    return Run(
      recipe: recipe, model: model, work: work, adapter: adapter, table: table, trainer: trainer, replicas: replicas,
      tokenizer: tokenizer, teacherCache: objectiveSetup.cache, hiddenStates: hiddenStates.plan, baseHash: baseHash,
      inputDigest: ([inputs] + objectiveSetup.digests).joined(separator: " "),
      notes: initializationNotes(model) + work.notes + objectiveSetup.notes + hiddenStates.notes,
      totalParameterCount: baseParameters + (adapter?.addedParameterCount ?? 0))
  }

  private func inputDigests(_ base: String?, _ files: [String]) throws -> String {
    let digests = try (files + recipe.data.files.flatMap(\.paths)).map { try sha256(ofFile: $0) }
    return ([base ?? "random"] + digests).joined(separator: " ")
  }

  /// The attached adapter; nil for full fine-tuning.
  private func makeAdapter(_ model: TextModel, _ tokenizer: TextTokenizer, _ seed: UInt64) throws -> Adapter? {
    guard var method = recipe.method.adapter else { return nil }
    method.tokenizeTexts { tokenizer.wordPiece.encode($0, addSpecialTokens: true).ids }
    if model.headType == .maskedLM { method.addModulesToSave(newHeadModules(of: model)) }
    let adapter = try Adapter(method, on: model, seed: seed)
    adapter.attach()
    return adapter
  }

  /// Modules of a masked-language head that the base does not have. Without the decoder's bias, because PEFT has no
  /// module name for it.
  private func newHeadModules(of model: TextModel) -> [String] {
    Set(model.newlyInitialized.map(moduleName)).subtracting([moduleName(of: model.classifier.bias.name)]).sorted()
  }

  private func initializationNotes(_ model: TextModel) -> [String] {
    if recipe.model.initialization == .random { return ["all weights are randomly initialized"] }
    return model.newlyInitialized.isEmpty
      ? [] : ["newly initialized (not in the checkpoint): " + model.newlyInitialized.joined(separator: ", ")]
  }
}
