/// How a run gets its task from labeled texts.
import Datasets

struct LabeledTexts {
  /// The training records are not yet limited to `maxTrainExamples`, because they all count for the labels.
  private let splits: [Split: any Dataset]
  private let context: TaskContext
  private let pairs: Bool?

  init(_ context: TaskContext) throws {
    var splits: [Split: any Dataset] = [:]
    for (split, _) in context.data.files { splits[split] = try context.data.records(split) }
    (self.splits, self.context) = (splits, context)
    pairs = splits[.train].map { $0.count > 0 && $0[0].texts.count > 1 }
  }

  func reading(_ longText: LongText) -> TextReading { TextReading(longText: longText, pairs: pairs) }

  /// Those of the training records.
  var labels: Set<String> {
    guard let train = splits[.train] else { return [] }
    return (0..<train.count).reduce(into: []) { labels, index in
      for label in train.labeling(index).labels { labels.insert(label) }
    }
  }

  func setup(_ inference: some TextInference, _ loss: some LossFunction, reuseHead: Bool) -> TaskSetup {
    var splits = splits
    if let limit = context.data.maxTrainExamples {
      splits[.train] = splits[.train].map { PrefixDataset($0, maxCount: limit) }
    }
    let task = RecordTask(inference, splits: splits, tokenizer: context.tokenizer, loss: loss)
    let notes = Split.allCases.flatMap { split -> [String] in
      let unknown = splits[split].flatMap { inference.unknownLabelNote($0) }
      // What the training data have is learned.
      let unread = split == .train ? nil : splits[split].flatMap { inference.unknownInputNote($0, context.tokenizer) }
      let found = [unknown, unread].compactMap { note in note.map { "\(split.rawValue): \($0)" } }
      let unseen = split == .train ? splits[.train].flatMap { unseenLabelNote(inference.labels, $0) } : nil
      return found + [unseen, lengthNote(split, task, inference)].compactMap { $0 }
    }
    return TaskSetup(
      task: task, inference: inference, reuseHead: reuseHead,
      splitSizes: splits.mapValues { "\($0.count) records" }, notes: notes)
  }

  /// A note on labels that no training example has, as after `maxTrainExamples`.
  private func unseenLabelNote(_ labels: [String], _ train: any Dataset) -> String? {
    var unseen = Set(labels), index = 0
    while !unseen.isEmpty, index < train.count {
      train.labeling(index).labels.forEach { unseen.remove($0) }
      index += 1
    }
    // Numbers have no labels.
    if unseen.isEmpty || unseen.count == labels.count { return nil }
    let shown = unseen.sorted().prefix(10).joined(separator: ", ") + (unseen.count > 10 ? ", …" : "")
    return "train: labels without an example: \(shown) (\(unseen.count) of \(labels.count))"
  }

  private func lengthNote(_ split: Split, _ task: RecordTask, _ inference: some TextInference) -> String? {
    if split == .train, task.streamsTraining {
      return "train: texts are tokenized when they are read, because the files are large; 'tune data check' counts "
        + "those that are cut"
    }
    let size = task.sizes(split)
    if size.cut > 0 {
      return "\(split.rawValue): \(size.cut) of \(size.records) records are longer than "
        + "\(context.tokenizer.maxLength) tokens and are cut"
        + (inference.reading.longText == .truncate ? inference.longTextAdvice : "") + context.tokenizer.unusedLength
    }
    guard size.sequences > size.records else { return nil }
    return "\(split.rawValue): \(size.records) records are split into \(size.sequences) windows"
      + context.tokenizer.unusedLength
  }
}

extension TaskContext {
  /// `listed`; or the labels of the teachers or of the base model's head, if they include the data's; else those of the
  /// training file, sorted, with a new head.
  /// - Throws: `TaskFault` if the training file has labels that are not listed, or fewer than `minCount`.
  func chooseLabels(
    listed: [String]?, found labels: Set<String>, minCount: Int
  ) throws(TaskFault) -> (labels: [String], reuseHead: Bool) {
    let file = data.paths(.train).joined(separator: ", ")
    if let listed {
      let unlisted = labels.subtracting(listed).sorted()
      if !unlisted.isEmpty { throw .unlistedLabels(file: file, labels: unlisted, listed: listed) }
      return (listed, listed == baseLabels)
    }
    if labels.isEmpty, minCount == 1 { throw .noLabels(file: file) }
    if let label = labels.first, labels.count < minCount { throw .oneLabel(file: file, label: label) }
    return knownLabels { labels.isSubset(of: $0) } ?? (labels.sorted(), false)
  }
}

extension RecordInference {
  /// A note on the records' labels that the model does not have.
  func unknownLabelNote(_ records: any Dataset, labels: [String]) -> String? {
    let known = Set(labels)
    var counts: [String: Int] = [:]
    for index in 0..<records.count {
      for label in records.labeling(index).labels where !known.contains(label) { counts[label, default: 0] += 1 }
    }
    return list(counts).map { "records with labels that the model does not know count as errors: \($0)" }
  }
}
