/// How an embedding model makes one vector of the last hidden states of a text: sentence-transformers' modules `Pooling` and
/// `Normalize`.

public struct Pooling: Sendable, Hashable {
  public enum Mode: String, Sendable, CaseIterable, Codable {
    /// The mean over all tokens, special tokens included.
    case mean
    /// The first token's.
    case cls
  }

  public var mode: Mode
  /// Whether vectors are scaled to length 1.
  public var normalizes: Bool

  public init(_ mode: Mode = .mean, normalizes: Bool = false) { (self.mode, self.normalizes) = (mode, normalizes) }
}
