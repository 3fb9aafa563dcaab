/// Token classification: reads CoNLL files of any tag scheme, and determines the labels.
import FoundationEssentials
import Models
import Tasks

extension RunBuilder {
  func makeTagging(_ config: ModelConfig, _ tokenizer: TextTokenizer) throws -> Work {
    var (splits, notes) = try readSplits()
    let (labels, reuseHead) = try chooseLabels(splits, config)
    if let limit = recipe.data.maxTrainExamples { splits[.train] = splits[.train].map { Array($0.prefix(limit)) } }
    let task = TaggingTask(
      labels: labels, splits: splits, tokenizer: tokenizer, classWeights: try classWeights(labels),
      smoothing: Float(recipe.task.labelSmoothing))
    for split in Split.allCases {
      let count = task.windowCount(split)
      guard count.windows > count.sentences else { continue }
      notes.append(
        "\(split.rawValue): \(count.sentences) sentences split into \(count.windows) windows; no word is lost")
    }
    return Work(
      task: task, headType: .tokenClassification, labels: labels, reuseHead: reuseHead,
      splitSizes: splits.mapValues { "\($0.count) sentences" }, notes: notes)
  }

  /// Reads the files and converts their tags to IOB2. The notes name the original scheme and invalid tags.
  private func readSplits() throws -> ([Split: [TaggedSentence]], notes: [String]) {
    let data = recipe.data
    let columns = CoNLLColumns(word: data.wordColumn.index, label: data.labelColumn.index)
    var splits: [Split: [TaggedSentence]] = [:]
    for (split, paths) in data.files {
      splits[split] = try paths.flatMap { try readCoNLL($0, columns: columns) }
    }
    let scheme = TagScheme(rawValue: data.scheme.rawValue) ?? .detect(in: (splits[.train] ?? []).map(\.tags))
    let corpora = splits.mapValues { IOB2Corpus($0, from: scheme) }
    var notes = scheme == .iob2 ? [] : ["tags are converted from \(scheme.rawValue.uppercased()) to IOB2"]
    for split in Split.allCases {
      guard let corpus = corpora[split], corpus.invalidTags > 0 else { continue }
      notes.append(
        "\(split.rawValue): \(corpus.invalidTags) tags in \(corpus.sentencesWithInvalidTags) sentences are invalid "
          + "in \(scheme.rawValue.uppercased()) and are read as conlleval reads them")
    }
    return (corpora.mapValues(\.sentences), notes)
  }

  /// The teachers' labels, or those of the model's folder with its head, if they include the data's labels; else the
  /// training file's labels with a new head.
  private func chooseLabels(
    _ splits: [Split: [TaggedSentence]], _ config: ModelConfig
  ) throws -> (labels: [String], reuseHead: Bool) {
    func tags(_ split: Split) -> Set<String> { Set((splits[split] ?? []).flatMap(\.tags)) }
    let found = tags(.train).union(["O"])
    if let labels = try teacherLabels(), found.isSubset(of: labels) { return (labels, labels == config.labels) }
    if found.isSubset(of: config.labels) { return (config.labels, true) }
    let labels = ["O"] + found.subtracting(["O"]).sorted()
    let types = Set(labels.map(entityType))
    for (split, paths) in recipe.data.files where split != .train {
      let unknown = tags(split).filter { !types.contains(entityType($0)) }.sorted()
      if !unknown.isEmpty {
        throw RunFault.unknownLabels(file: paths.joined(separator: ", "), labels: unknown, known: labels)
      }
    }
    return (labels, false)
  }

  private func classWeights(_ labels: [String]) throws -> [Float]? {
    let weights = recipe.task.classWeights
    let unknown = weights.keys.filter { !labels.contains($0) }.sorted()
    if !unknown.isEmpty { throw RunFault.unknownClassWeights(unknown, known: labels) }
    return weights.isEmpty ? nil : labels.map { Float(weights[$0] ?? 1) }
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
