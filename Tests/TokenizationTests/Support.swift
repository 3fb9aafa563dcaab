/// Helpers for tokenizer tests: a small vocabulary, temporary model folders, paths.
import Files
import FoundationEssentials
import Testing

@testable import Tokenization

/// A small vocabulary: special tokens, a few words and letters, and their continuations.
let small = [
  "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hepa", "##titis", "b", "naive", "é", "e", "##é", "##e", "-",
]

/// Calls `body` with a temporary folder that has these files.
func withFolder<Result>(_ files: [String: String] = [:], _ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "tokenizer-\(UUID().uuidString)").path()
  try makeFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  for (name, text) in files { try writeFile(text, to: "\(folder)/\(name)") }
  return try body(folder)
}

/// Loads a tokenizer from a folder with these files.
func load(_ files: [String: String]) throws -> WordPiece { try withFolder(files) { try WordPiece(folder: $0) } }

/// A valid tokenizer.json with the vocabulary `small`, changed by `modify`.
func tokenizerJSON(_ modify: (inout [String: JSON]) -> Void = { _ in }) throws -> String {
  let saved = try withFolder { folder in
    try WordPiece(vocabulary: small, lowercase: true).save(to: folder)
    return try JSON(path: "\(folder)/tokenizer.json")
  }
  var members = saved.object ?? [:]
  modify(&members)
  return JSON.object(members).text()
}

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Fixtures/tokenizer").path()

/// The folder of models and corpora outside of the repository.
let shared =
  ProcessInfo.processInfo.environment["TUNE_SHARED"]
  ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "shared").path()

/// A text, and the `tokenizers` library's encoding of it.
struct GoldenCase: Decodable {
  var text: String
  var ids: [Int32]
  var tokens: [String]
  var offsets: [[Int]]
  /// Of each word the first token, not counting special tokens, and its range; nil if bytes are dropped, or not recorded.
  var words: [[Int]]?

  /// Expects the tokenizer to encode the text as the library does.
  func check(_ tokenizer: any Tokenizer) {
    let encoding = tokenizer.encode(text, addSpecialTokens: true)
    #expect(encoding.ids == ids, "\(text.debugDescription)")
    #expect(scalars(encoding.tokens) == scalars(tokens), "\(text.debugDescription)")
    #expect(
      encoding.offsets.map { [$0.lowerBound, $0.upperBound] } == offsets, "\(text.debugDescription)")
  }

  /// Strings that are equal in Swift may differ in scalars.
  private func scalars(_ tokens: [String]) -> [[Unicode.Scalar]] { tokens.map { Array($0.unicodeScalars) } }
}
