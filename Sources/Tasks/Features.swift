/// A record as a model reads it: one or more token sequences with targets.

/// One sequence: a record, or a window of it.
public struct Features: Sendable, Equatable {
  public let ids: [Int32]
  /// 0 or 1 for each token; nil: all are 0.
  public let tokenTypeIDs: [Int32]?
  public let targets: Targets
  /// The rows of the sequence's logits from which the prediction is decoded; nil: all.
  public let predictionRows: [Int]?

  public init(ids: [Int32], tokenTypeIDs: [Int32]? = nil, targets: Targets, predictionRows: [Int]? = nil) {
    self.ids = ids
    self.tokenTypeIDs = tokenTypeIDs
    self.targets = targets
    self.predictionRows = predictionRows
  }
}

/// The features of one record.
public struct EncodedRecord: Sendable {
  public let features: [Features]
  /// The range of each word in the record's text, or of each token in its context, in code points; empty where the task
  /// predicts no parts of a text.
  public let words: [Range<Int>]
  /// Of each feature, the window of the context that it has; empty where the task answers no questions.
  public let windows: [ContextWindow]
  /// Tokens that were cut off because the record is longer than the model's limit.
  public let cutTokens: Int

  public init(
    _ features: [Features], words: [Range<Int>] = [], windows: [ContextWindow] = [], cutTokens: Int = 0
  ) {
    self.features = features
    self.words = words
    self.windows = windows
    self.cutTokens = cutTokens
  }
}
