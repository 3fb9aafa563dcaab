/// Settings of sequence classification, and what a run needs for it: the labels and the training task.
import Datasets

public struct SequenceClassificationSettings: Sendable, Equatable {
  public var labelSmoothing = 0.0
  /// Loss weight per label; 1 for labels that are not listed.
  public var classWeights: [String: Double] = [:]
  /// The head's labels, by id; nil: those of the training data, sorted.
  public var labels: [String]?
  public var longText = SequenceClassification.LongText.truncate

  public init() {}
}

extension SequenceClassificationSettings: TaskSettings {
  public func setUp(_ context: TaskContext) throws -> TaskSetup {
    var splits: [Split: any Dataset] = [:]
    for (split, _) in context.data.files { splits[split] = try context.data.records(split) }
    let (labels, reuseHead) = try chooseLabels(splits, context)
    if let limit = context.data.maxTrainExamples {
      splits[.train] = splits[.train].map { PrefixDataset($0, maxCount: limit) }
    }
    let pairs = splits[.train].map { $0.count > 0 && $0[0].texts.count > 1 }
    let inference = SequenceClassification(labels: labels, longText: longText, pairs: pairs)
    let task = RecordTask(
      inference, splits: splits, tokenizer: context.tokenizer,
      loss: ClassificationLoss(weights: try loss(weights: classWeights, of: labels), smoothing: Float(labelSmoothing)))
    let notes = Split.allCases.flatMap { split -> [String] in
      let unknown = splits[split].flatMap { inference.unknownLabelNote($0) }.map { "\(split.rawValue): \($0)" }
      return [unknown, lengthNote(split, task, context.tokenizer.maxLength)].compactMap { $0 }
    }
    return TaskSetup(
      task: task, inference: inference, reuseHead: reuseHead,
      splitSizes: splits.mapValues { "\($0.count) records" }, notes: notes)
  }

  /// `labels`; or the labels of the teachers or of the base model's head, if they include the data's; else those of the
  /// training file, sorted, with a new head.
  private func chooseLabels(
    _ splits: [Split: any Dataset], _ context: TaskContext
  ) throws -> (labels: [String], reuseHead: Bool) {
    let found = splits[.train].map { train in
      (0..<train.count).reduce(into: Set<String>()) { $0.formUnion(train[$1].labels) }
    }
    let labels = found ?? [], file = context.data.paths(.train).joined(separator: ", ")
    if let listed = self.labels {
      let unlisted = labels.subtracting(listed).sorted()
      if !unlisted.isEmpty { throw TaskFault.unlistedLabels(file: file, labels: unlisted, listed: listed) }
      return (listed, listed == context.baseLabels)
    }
    if let label = labels.first, labels.count == 1 { throw TaskFault.oneLabel(file: file, label: label) }
    return context.knownLabels { labels.isSubset(of: $0) } ?? (labels.sorted(), false)
  }

  private func lengthNote(_ split: Split, _ task: RecordTask, _ maxLength: Int) -> String? {
    let size = task.sizes(split)
    if size.cut > 0 {
      return "\(split.rawValue): \(size.cut) of \(size.records) records are longer than \(maxLength) tokens and are cut"
        + (longText == .truncate ? "; task.long_text \"mean\" reads them in windows" : "")
    }
    guard size.sequences > size.records else { return nil }
    return "\(split.rawValue): \(size.records) records are split into \(size.sequences) windows"
  }
}
