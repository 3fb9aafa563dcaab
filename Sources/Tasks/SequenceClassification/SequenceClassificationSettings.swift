/// Settings of sequence classification, and what a run needs for it: the labels and the training task.
import Datasets

public struct SequenceClassificationSettings: Sendable, Equatable {
  public var labelSmoothing = 0.0
  /// Loss weight per label; 1 for labels that are not listed.
  public var classWeights: [String: Double] = [:]
  public var longText = SequenceClassification.LongText.truncate

  public init() {}
}

extension SequenceClassificationSettings: TaskSettings {
  public func setUp(_ context: TaskContext) throws -> TaskSetup {
    var splits: [Split: any Dataset] = [:]
    for (split, _) in context.data.files { splits[split] = try context.data.records(split) }
    let (labels, reuseHead) = try chooseLabels(splits, context)
    let notes = unknownLabelNotes(splits, labels)
    if let limit = context.data.maxTrainExamples {
      splits[.train] = splits[.train].map { PrefixDataset($0, maxCount: limit) }
    }
    let pairs = splits[.train].map { $0.count > 0 && $0[0].texts.count > 1 }
    let inference = SequenceClassification(labels: labels, longText: longText, pairs: pairs)
    let task = RecordTask(
      inference, splits: splits, tokenizer: context.tokenizer,
      loss: ClassificationLoss(weights: try loss(weights: classWeights, of: labels), smoothing: Float(labelSmoothing)))
    return TaskSetup(
      task: task, inference: inference, reuseHead: reuseHead,
      splitSizes: splits.mapValues { "\($0.count) records" },
      notes: notes + Split.allCases.compactMap { lengthNote($0, task, context.tokenizer.maxLength) })
  }

  /// The labels of the teachers or of the base model's head, if they include the data's; else those of the training
  /// file, sorted, with a new head.
  private func chooseLabels(
    _ splits: [Split: any Dataset], _ context: TaskContext
  ) throws -> (labels: [String], reuseHead: Bool) {
    let found = splits[.train].map(labels) ?? []
    if let label = found.first, found.count == 1 {
      throw TaskFault.oneLabel(file: context.data.paths(.train).joined(separator: ", "), label: label)
    }
    return context.knownLabels(including: found) ?? (found.sorted(), false)
  }

  private func labels(_ records: any Dataset) -> Set<String> {
    (0..<records.count).reduce(into: []) { $0.formUnion(records[$1].labels) }
  }

  /// Labels of other splits that the model cannot predict.
  private func unknownLabelNotes(_ splits: [Split: any Dataset], _ known: [String]) -> [String] {
    Split.allCases.compactMap { split in
      guard split != .train, let records = splits[split] else { return nil }
      let unknown = labels(records).subtracting(known).sorted()
      if unknown.isEmpty { return nil }
      let count = (0..<records.count).count { !known.contains(records[$0].labels.first ?? "") }
      return "\(split.rawValue): \(count) records have labels that the training data do not have and count as errors: "
        + unknown.joined(separator: ", ")
    }
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
