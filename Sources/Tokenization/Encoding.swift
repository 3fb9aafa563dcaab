/// The encoding of a text: token ids, tokens and offsets. Does not truncate or pad.
package struct Encoding: Sendable, Equatable {
  /// Rows of the word embeddings.
  package var ids: [Int32]
  /// The token of each id, such as `##itis`.
  package var tokens: [String]
  /// The range of each token in the original text, in code points as in Python; `0..<0` for [CLS] and [SEP].
  package var offsets: [Range<Int>]

  package init(ids: [Int32] = [], tokens: [String] = [], offsets: [Range<Int>] = []) {
    self.ids = ids
    self.tokens = tokens
    self.offsets = offsets
  }
}
