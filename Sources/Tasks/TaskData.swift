/// The data files of a run or an evaluation.
public import Datasets

/// The data files of a run or an evaluation, and their format.
public struct TaskData: Sendable {
  /// Without empty splits.
  public let files: [(split: Split, paths: [String])]
  public let format: any DataFormat
  /// Train only on the first examples; nil: on all.
  public let maxTrainExamples: Int?

  public init(files: [(split: Split, paths: [String])], format: any DataFormat, maxTrainExamples: Int? = nil) {
    self.files = files
    self.format = format
    self.maxTrainExamples = maxTrainExamples
  }

  /// The records of a split; nil without files.
  /// - Throws: the errors of the format's reader.
  public func records(_ split: Split) throws -> (any Dataset)? {
    try files.first { $0.split == split }.map { try format.records(in: $0.paths) }
  }

  public func paths(_ split: Split) -> [String] { files.first { $0.split == split }?.paths ?? [] }

  /// How tags are read; nil: the format has none.
  var conll: CoNLLFormat? { format as? CoNLLFormat }
}
