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
  public let task: TaggingTask
  /// nil for full fine-tuning.
  public let adapter: Adapter?
  public let table: ParameterTable
  public let trainer: Trainer
  public let replicas: Replicas
  public let encoder: TextEncoder
  /// SHA-256 of the base model's weights; nil: they started from chance.
  public let baseHash: String?
  /// One digest of the base, the tokenizer and the data: what a resumed run must find unchanged.
  public let inputs: String
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

  public var description: String {
    switch self {
    case .unknownLabels(let file, let labels, let known):
      "\(file): labels that the training file does not have: \(labels.joined(separator: ", ")). It has "
        + known.joined(separator: ", ") + "."
    case .unknownWeights(let names, let known):
      "task.class_weights: no such label: \(names.joined(separator: ", ")). The data have \(known.joined(separator: ", "))."
    }
  }
}

public struct RunBuilder {
  private let recipe: Recipe
  private let threads: Int

  public init(_ recipe: Recipe, threads: Int) {
    self.recipe = recipe
    self.threads = threads
  }

  public func build() throws -> Run {
    let source = try ModelSource(recipe.model), config = source.config
    let encoder = try TextEncoder(
      source.tokenizer, config, maxLength: recipe.data.maxLength, stride: recipe.data.stride)
    var (splits, scheme) = try readSplits()
    let (labels, reuseHead) = try chooseLabels(splits, config)
    if let most = recipe.data.maxTrainExamples { splits[.train] = splits[.train].map { Array($0.prefix(most)) } }
    let task = TaggingTask(
      labels: labels, splits: splits, encoder: encoder, classWeights: try classWeights(labels),
      smoothing: Float(recipe.task.labelSmoothing))
    let seed = UInt64(recipe.seed)
    let model = try TextModel(
      config, source.weights, kind: .tokens, classes: labels.count, reuseHead: reuseHead, seed: seed)
    model.recompute = recipe.training.recompute
    let (adapter, table) = try makeMethod(model, seed)
    model.use(recipe.precision)
    let replicas = Replicas(threads: threads)
    let trainer = try Trainer(model, task, table, recipe.trainingSettings, replicas)
    let hash = try source.weights.checkpoint?.sha256()
    Processor.giveMemoryBack()
    let base = model.parameters.reduce(0) { $0 + $1.count }
    return Run(
      recipe: recipe, model: model, task: task, adapter: adapter, table: table, trainer: trainer, replicas: replicas,
      encoder: encoder, baseHash: hash,
      inputs: try inputDigests(hash, source.files), notes: notes(model, task) + scheme,
      totalParameters: base + (adapter?.addedParameters ?? 0))
  }

  /// The files as IOB2, whatever their scheme: that is what the model learns and predicts. With notes on what was odd.
  private func readSplits() throws -> ([Split: [TaggedSentence]], notes: [String]) {
    let data = recipe.data
    let paths: [Split: String] = [.train: data.train, .dev: data.dev, .test: data.test].compactMapValues { $0 }
    let columns = CoNLLColumns(word: data.wordColumn.index, label: data.labelColumn.index)
    let splits = try paths.mapValues { try readCoNLL($0, columns: columns) }
    let scheme = TagScheme(rawValue: data.scheme.rawValue) ?? .detect(in: (splits[.train] ?? []).map(\.tags))
    let corpora = splits.mapValues { IOB2Corpus($0, from: scheme) }
    var notes = scheme == .iob2 ? [] : ["tags are \(scheme.rawValue.uppercased()); trained and predicted as IOB2"]
    for split in Split.allCases {
      guard let corpus = corpora[split], corpus.invalidTags > 0 else { continue }
      notes.append(
        "\(split.rawValue): \(corpus.invalidTags) tags in \(corpus.sentencesWithInvalidTags) sentences break "
          + "\(scheme.rawValue.uppercased()) and were read as conlleval reads them")
    }
    return (corpora.mapValues(\.sentences), notes)
  }

  /// The folder's own labels and head where they cover the data's labels; else the training file's, and a new head.
  private func chooseLabels(
    _ splits: [Split: [TaggedSentence]], _ config: ModelConfig
  ) throws -> (labels: [String], reuseHead: Bool) {
    func tags(_ split: Split) -> Set<String> { Set((splits[split] ?? []).flatMap(\.tags)) }
    let found = tags(.train).union(["O"])
    if found.isSubset(of: config.labels) { return (config.labels, true) }
    let labels = ["O"] + found.subtracting(["O"]).sorted()
    for (split, path) in [(Split.dev, recipe.data.dev), (.test, recipe.data.test)] {
      let types = Set(labels.map(entityType))
      let unknown = tags(split).filter { !types.contains(entityType($0)) }.sorted()
      if let path, !unknown.isEmpty { throw RunFault.unknownLabels(file: path, labels: unknown, known: labels) }
    }
    return (labels, false)
  }

  private func classWeights(_ labels: [String]) throws -> [Float]? {
    let weights = recipe.task.classWeights
    let unknown = weights.keys.filter { !labels.contains($0) }.sorted()
    if !unknown.isEmpty { throw RunFault.unknownWeights(unknown, known: labels) }
    return weights.isEmpty ? nil : labels.map { Float(weights[$0] ?? 1) }
  }

  private func inputDigests(_ base: String?, _ files: [String]) throws -> String {
    let data = [recipe.data.train] + [recipe.data.dev, recipe.data.test].compactMap { $0 }
    return try ([base ?? "random"] + (files + data).map { try sha256(ofFile: $0) }).joined(separator: " ")
  }

  private func makeMethod(_ model: TextModel, _ seed: UInt64) throws -> (Adapter?, ParameterTable) {
    switch recipe.method {
    case .full: return (nil, ParameterTable(training: model.parameters))
    case .lora(let lora):
      let adapter = try Adapter(LoRAConfig(lora), on: model, seed: seed)
      adapter.attach()
      return (adapter, ParameterTable(training: adapter.trainable))
    }
  }

  private func notes(_ model: TextModel, _ task: TaggingTask) -> [String] {
    var notes: [String] = []
    if recipe.model.start == .random {
      notes.append("every weight starts from chance")
    } else if !model.fresh.isEmpty {
      notes.append("new weights, not from the checkpoint: " + model.fresh.joined(separator: ", "))
    }
    for split in Split.allCases {
      let count = task.windowCount(split)
      if count.windows > count.sentences {
        notes.append(
          "\(split.rawValue): \(count.sentences) sentences cut into \(count.windows) windows; no word is lost")
      }
    }
    return notes
  }
}

/// `Disease` of `B-Disease`.
private func entityType(_ tag: String) -> Substring { tag.split(separator: "-", maxSplits: 1).last ?? "" }

extension Recipe.Data.Column {
  fileprivate var index: Int {
    switch self {
    case .last: -1
    case .index(let index): index
    }
  }
}
