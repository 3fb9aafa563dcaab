/// How an embedding model makes one vector of the last hidden states of a text: sentence-transformers' modules `Pooling` and
/// `Normalize`.

package struct Pooling: Sendable, Hashable {
  package enum Mode: String, Sendable, CaseIterable, Codable {
    /// The mean over all tokens, special tokens included.
    case mean
    /// The first token's.
    case cls
  }

  package var mode: Mode
  /// Whether vectors are scaled to length 1.
  package var normalizes: Bool

  package init(_ mode: Mode = .mean, normalizes: Bool = false) { (self.mode, self.normalizes) = (mode, normalizes) }
}
