import Files
import FoundationEssentials

@testable import Tokenizers

/// Tokens, letters and their continuations enough to spell small things.
let small = [
  "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hepa", "##titis", "b", "naive", "é", "e", "##é", "##e", "-",
]

/// A fresh folder that is gone after `body`.
func withFolder<Result>(_ files: [String: String] = [:], _ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "tokenizer-\(UUID().uuidString)").path()
  try makeFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  for (name, text) in files { try writeFile(text, to: "\(folder)/\(name)") }
  return try body(folder)
}

/// The tokenizer of a folder with these files.
func load(_ files: [String: String]) throws -> WordPiece { try withFolder(files) { try WordPiece(folder: $0) } }

/// A sound tokenizer.json over `small`, with one part replaced.
func tokenizerJSON(_ replaced: (inout [String: JSON]) -> Void = { _ in }) throws -> String {
  let saved = try withFolder { folder in
    try WordPiece(vocabulary: small, lowercase: true).save(to: folder)
    return try JSON(path: "\(folder)/tokenizer.json")
  }
  var members = saved.object ?? [:]
  replaced(&members)
  return JSON.object(members).text()
}

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Fixtures/tokenizer").path()

/// Where models and corpora are that do not belong to the repository.
let shared =
  ProcessInfo.processInfo.environment["TUNE_SHARED"]
  ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "shared").path()
