/// The data files of a run or an evaluation.
package import Datasets

/// The data files of a run or an evaluation, and their format.
package struct TaskData: Sendable {
  /// Without empty splits.
  package let files: [(split: Split, paths: [String])]
  package let format: any DataFormat
  /// Train only on the first examples; nil: on all.
  package let maxTrainExamples: Int?
  /// Evaluate dev only on the first examples; nil: on all.
  package let maxDevExamples: Int?
  /// How the training files' records are divided into train and a held-out split, which has the same files; nil: not.
  package let folds: Folds?

  package init(
    files: [(split: Split, paths: [String])], format: any DataFormat, maxTrainExamples: Int? = nil,
    maxDevExamples: Int? = nil, folds: Folds? = nil
  ) {
    self.files = files
    self.format = format
    self.maxTrainExamples = maxTrainExamples
    self.maxDevExamples = maxDevExamples
    self.folds = folds
  }

  /// The records of a split; nil without files. Dev has at most `maxDevExamples`; train has all, because they have the
  /// labels.
  /// - Throws: the errors of the format's reader.
  package func records(_ split: Split) throws -> (any Dataset)? {
    guard let file = files.first(where: { $0.split == split }) else { return nil }
    var records = try format.records(in: file.paths)
    if let folds, divides(split) { records = try folds.select(split, from: records, file.paths) }
    return split == .dev ? maxDevExamples.map { PrefixDataset(records, maxCount: $0) } ?? records : records
  }

  /// Whether a split has a part of the training files' records.
  func divides(_ split: Split) -> Bool { folds.map { split == .train || split == $0.heldOutSplit } ?? false }

  package func paths(_ split: Split) -> [String] { files.first { $0.split == split }?.paths ?? [] }

  /// How tags are read; nil: the format has none.
  var conll: CoNLLFormat? { format as? CoNLLFormat }
}
