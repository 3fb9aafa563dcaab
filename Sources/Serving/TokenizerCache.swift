/// Tokenizers in memory: one for all folders with the same files.
import Checkpoints
import Files
import Synchronization
import Tokenization

final class TokenizerCache: Sendable {
  private struct Key: Hashable {
    /// SHA-256 of each of `tokenizerFiles`.
    var digests: [String]
    var overrides: TokenizerOverrides
  }

  /// With the tokenizer's identity, which takes milliseconds to compute.
  typealias Entry = (tokenizer: any Tokenizer, identity: JSON)

  private let loaded = Mutex<[Key: Entry]>([:])
  private let base: String
  private let baseDigests: [String]

  /// - Parameter base: the folder of the base, whose files are read once.
  init(base: String) throws {
    self.base = base
    baseDigests = try digests(of: base)
  }

  /// The tokenizer of an adapter: its folder's, which has tokens that it has added, or else the base's.
  /// - Throws: the errors of `loadTokenizer`.
  func tokenizer(of folder: String, _ overrides: TokenizerOverrides) throws -> Entry {
    let isOwn = folder != base && hasTokenizer(folder)
    let key = Key(digests: isOwn ? try digests(of: folder) : baseDigests, overrides: overrides)
    return try loaded.withLock { loaded in
      if let entry = loaded[key] { return entry }
      let tokenizer = try loadTokenizer(folder: isOwn ? folder : base, overrides)
      let entry: Entry = (tokenizer, tokenizer.identity)
      loaded[key] = entry
      return entry
    }
  }
}

private func digests(of folder: String) throws -> [String] {
  try tokenizerFiles.map { name in
    let path = "\(folder)/\(name)"
    return fileExists(path) ? try sha256(ofFile: path) : ""
  }
}
