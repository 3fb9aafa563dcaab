/// A record as a model reads it: one or more token sequences with targets.

/// One sequence: a record, or a window of it.
package struct Features: Sendable, Equatable {
  package let ids: [Int32]
  /// 0 or 1 for each token; nil: all are 0.
  package let tokenTypeIDs: [Int32]?
  package let targets: Targets
  /// The rows of the sequence's logits from which the prediction is decoded; nil: all.
  package let predictionRows: [Int]?

  package init(ids: [Int32], tokenTypeIDs: [Int32]? = nil, targets: Targets, predictionRows: [Int]? = nil) {
    self.ids = ids
    self.tokenTypeIDs = tokenTypeIDs
    self.targets = targets
    self.predictionRows = predictionRows
  }
}

/// The features of one record.
package struct EncodedRecord: Sendable {
  package let features: [Features]
  /// The range of each word in the record's text, or of each token in its context, in code points; empty where the task
  /// predicts no parts of a text.
  package let words: [Range<Int>]
  /// Of each feature, the window of the context that it has; empty where the task answers no questions.
  package let windows: [ContextWindow]
  /// Tokens that were cut off because the record is longer than the model's limit.
  package let cutTokens: Int

  package init(
    _ features: [Features], words: [Range<Int>] = [], windows: [ContextWindow] = [], cutTokens: Int = 0
  ) {
    self.features = features
    self.words = words
    self.windows = windows
    self.cutTokens = cutTokens
  }
}
