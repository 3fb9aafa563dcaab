/// Settings of token classification, and what a run needs for it: the data in IOB2, the labels, the training task.
import Datasets

public struct TokenClassificationSettings: Sendable, Equatable {
  /// The fraction of the target that is spread over all labels (Szegedy et al. 2016, §7).
  public var labelSmoothing = 0.0
  /// Loss weight per label; 1 for labels that are not listed.
  public var classWeights: [String: Double] = [:]

  public init() {}
}

extension TokenClassificationSettings: TaskSettings {
  public func setUp(_ context: TaskContext) throws -> TaskSetup {
    let data = try TaggedData(context.data)
    var splits = data.splits
    let (labels, reuseHead) = try chooseLabels(splits, context)
    if let limit = context.data.maxTrainExamples { splits[.train] = splits[.train].map { Array($0.prefix(limit)) } }
    let inference = TokenClassification(labels: labels)
    let task = RecordTask(
      inference, splits: splits, tokenizer: context.tokenizer,
      loss: ClassificationLoss(
        weights: try loss(weights: classWeights, of: labels), smoothing: Float(labelSmoothing)))
    let windows = Split.allCases.compactMap { split -> String? in
      let size = task.sizes(split)
      guard size.sequences > size.records else { return nil }
      return "\(split.rawValue): \(size.records) sentences split into \(size.sequences) windows; no word is lost"
    }
    return TaskSetup(
      task: task, inference: inference, reuseHead: reuseHead,
      splitSizes: splits.mapValues { "\($0.count) sentences" }, tagScheme: data.scheme, notes: data.notes + windows)
  }

  /// The teachers' labels, or those of the model's folder with its head, if they include the data's labels; else the
  /// training file's labels with a new head.
  private func chooseLabels(
    _ splits: [Split: [Record]], _ context: TaskContext
  ) throws -> (labels: [String], reuseHead: Bool) {
    func tags(_ split: Split) -> Set<String> { Set((splits[split] ?? []).flatMap(\.tags)) }
    let found = tags(.train).union(["O"])
    if let known = context.knownLabels(including: found) { return known }
    let labels = ["O"] + found.subtracting(["O"]).sorted()
    let types = Set(labels.map(entityType))
    for (split, paths) in context.data.files where split != .train {
      let unknown = tags(split).filter { !types.contains(entityType($0)) }.sorted()
      if !unknown.isEmpty {
        throw TaskFault.unknownLabels(file: paths.joined(separator: ", "), labels: unknown, known: labels)
      }
    }
    return (labels, false)
  }
}

/// The splits in IOB2, with notes on the original scheme and on invalid tags.
private struct TaggedData {
  let splits: [Split: [Record]]
  let scheme: TagScheme
  let notes: [String]

  init(_ data: TaskData) throws {
    var splits: [Split: [Record]] = [:]
    for (split, _) in data.files { splits[split] = try data.records(split)?.all }
    let scheme = data.tagScheme ?? .detect(in: (splits[.train] ?? []).map(\.tags))
    let corpora = splits.mapValues { IOB2Corpus($0, from: scheme) }
    var notes = scheme == .iob2 ? [] : ["tags are converted from \(scheme.rawValue.uppercased()) to IOB2"]
    for split in Split.allCases {
      guard let corpus = corpora[split], corpus.invalidTags > 0 else { continue }
      notes.append(
        "\(split.rawValue): \(corpus.invalidTags) tags in \(corpus.sentencesWithInvalidTags) sentences are invalid "
          + "in \(scheme.rawValue.uppercased()) and are read as conlleval reads them")
    }
    (self.splits, self.scheme, self.notes) = (corpora.mapValues(\.sentences), scheme, notes)
  }
}

/// `Disease` of `B-Disease`.
private func entityType(_ tag: String) -> Substring { tag.split(separator: "-", maxSplits: 1).last ?? "" }
