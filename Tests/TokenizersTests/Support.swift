/// Helpers for tokenizer tests: a small vocabulary, temporary model folders, paths.
import Files
import FoundationEssentials

@testable import Tokenizers

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
