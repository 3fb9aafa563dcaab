/// A text as a model reads it: token ids, and where in the text each came from. Does not cut long texts or pad short ones.
public struct Encoding: Sendable, Equatable {
  /// Rows of the embedding table.
  public var ids: [Int32]
  /// What each id stands for, such as `##itis`.
  public var tokens: [String]
  /// Unicode scalars (code points) of the original text, as Python counts them; `0..<0` for [CLS] and [SEP].
  public var offsets: [Range<Int>]

  public init(ids: [Int32] = [], tokens: [String] = [], offsets: [Range<Int>] = []) {
    self.ids = ids
    self.tokens = tokens
    self.offsets = offsets
  }
}
