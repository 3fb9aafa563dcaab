/// The only place that knows everybody: turns a recipe into the objects of a run, once.
public import Adapters
public import Autograd
import Checkpoints
import Files
import Kernels
public import Models
public import Tasks
import Tokenizers
public import Training

/// Everything that a run works with.
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
  /// Where the teachers' answers are kept, if they are; not open yet.
  let teacherCache: TeacherCache?
  /// Where the states below all that learns are kept, if they are; not open yet.
  let hiddenStates: HiddenStateCaching?
  /// SHA-256 of the base model's weights; nil: they started from chance.
  public let baseHash: String?
  /// One digest of the base, the tokenizer and the data: what a resumed run must find unchanged.
  public let inputDigest: String
  /// What a user should know and what no error is: a new head, windows, labels.
  public let notes: [String]
  /// Weights of the model with the adapter's beside them.
  public let totalParameters: Int
  public var trainableParameters: Int { table.parameters.reduce(0) { $0 + $1.count } }
}

/// A recipe whose keys are fine and whose data do not fit each other.
public enum RunFault: Error, CustomStringConvertible {
  case unknownLabels(file: String, labels: [String], known: [String])
  case unknownWeights([String], known: [String])
  case noWords(file: String)

  public var description: String {
    switch self {
    case .unknownLabels(let file, let labels, let known):
      "\(file): labels that the training file does not have: \(labels.joined(separator: ", ")). It has "
        + known.joined(separator: ", ") + "."
    case .unknownWeights(let names, let known):
      "task.class_weights: no such label: \(names.joined(separator: ", ")). The data have \(known.joined(separator: ", "))."
    case .noWords(let file):
      "\(file): every piece of the text is unknown to the model's vocabulary; there is nothing to mask. "
        + "Is it the right language? Another vocabulary is given as 'model.tokenizer'."
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

  public func build() throws -> Run {
    let source = try ModelSource(recipe.model), config = source.config
    let encoder = try TextTokenizer(
      source.tokenizer, config, maxLength: recipe.data.maxLength, stride: recipe.data.stride,
      reserved: recipe.method.adapter?.virtualTokenCount ?? 0)
    let work = try makeWork(config, encoder)
    let seed = UInt64(recipe.seed)
    let model = try TextModel(
      config, source.weights, kind: work.headType, classes: work.labels.count, reuseHead: work.reuseHead, seed: seed)
    model.gradientCheckpointing = recipe.training.gradientCheckpointing
    let adapter = try makeAdapter(model, encoder, seed)
    let hash = try source.weights.checkpoint?.sha256()
    let inputs = try inputDigests(hash, source.files)
    let teaching = try makeObjective(model, work, encoder)
    let learning = try adapter?.trainable ?? recipe.method.full?.trainableParameters(in: model) ?? model.parameters
    let table = ParameterTable(training: learning + teaching.objective.parameters)
    model.setPrecision(recipe.precision)
    let kept = try makeHiddenStateCaching(model, work, teaching.objective)
    let replicas = Replicas(threads: threads)
    let trainer = try Trainer(
      model, work.task, table, recipe.trainingSettings, replicas, objective: teaching.objective,
      learningRateFactor: { [full = recipe.method.full] in
        adapter?.method.learningRateFactor(of: $0) ?? full?.learningRateFactor($0.name, in: model) ?? 1
      }, hook: adapter?.hook)
    Processor.returnFreedMemory()
    let base = model.parameters.reduce(0) { $0 + $1.count }
    return Run(
      recipe: recipe, model: model, work: work, adapter: adapter, table: table, trainer: trainer, replicas: replicas,
      tokenizer: encoder, teacherCache: teaching.cache, hiddenStates: kept.states, baseHash: hash,
      inputDigest: ([inputs] + teaching.digests).joined(separator: " "),
      notes: notes(model) + work.notes + teaching.notes + kept.notes,
      totalParameters: base + (adapter?.addedParameters ?? 0))
  }

  private func inputDigests(_ base: String?, _ files: [String]) throws -> String {
    let digests = try (files + recipe.data.files.flatMap(\.paths)).map { try sha256(ofFile: $0) }
    return ([base ?? "random"] + digests).joined(separator: " ")
  }

  /// Attached; nil where the model itself learns.
  private func makeAdapter(_ model: TextModel, _ encoder: TextTokenizer, _ seed: UInt64) throws -> Adapter? {
    guard var method = recipe.method.adapter else { return nil }
    method.tokenizeTexts { encoder.tokenizer.encode($0, specials: true).ids }
    if model.headType == .maskedLM { method.addModulesToSave(newHeadModules(of: model)) }
    let adapter = try Adapter(method, on: model, seed: seed)
    adapter.attach()
    return adapter
  }

  /// Modules of a masked-language head that the base does not have. Without its bias: PEFT has no name for that alone.
  private func newHeadModules(of model: TextModel) -> [String] {
    Set(model.newlyInitialized.map(moduleName)).subtracting([moduleName(of: model.classifier.bias.name)]).sorted()
  }

  private func notes(_ model: TextModel) -> [String] {
    if recipe.model.initialization == .random { return ["every weight starts from chance"] }
    return model.newlyInitialized.isEmpty
      ? [] : ["new weights, not from the checkpoint: " + model.newlyInitialized.joined(separator: ", ")]
  }
}
