/// Folders whose tokenizer files agree and disagree, compared with transformers' AutoTokenizer.
import Files
import FoundationEssentials
import Testing

@testable import Tokenization

/// See Tests/Fixtures/tokenizers-mixed/README.md.
private struct MixedFolders: Decodable {
  struct Folder: Decodable, Sendable {
    var name: String
    var files: JSON
    /// transformers' ids of the texts.
    var ids: [[Int32]]?
    /// What the error must name, instead.
    var error: [String]?
  }
  var texts: [String]
  var vocabularies: [String: [String]]
  var folders: [Folder]

  init() throws {
    let path = fixtures.replacing("/tokenizer", with: "/tokenizers-mixed") + "/folders.json"
    self = try JSONDecoder().decode(Self.self, from: readFile(path))
  }

  /// The texts of the folder's files, by name.
  func files(_ folder: Folder) -> [String: String] {
    (folder.files.object ?? [:]).mapValues { contents in
      if let lines = contents["vocabulary"]?.string.flatMap({ vocabularies[$0] }) {
        return lines.joined(separator: contents["separator"]?.string ?? "\n") + (contents["end"]?.string ?? "\n")
      }
      guard var members = contents.object, var model = members["model"]?.object,
        let tokens = model["vocab"]?["vocabulary"]?.string.flatMap({ vocabularies[$0] })
      else {
        return contents.text()
      }
      model["vocab"] = .object(Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, .int($0)) }))
      members["model"] = .object(model)
      return JSON.object(members).text()
    }
  }
}

private func ids(_ tokenizer: WordPiece, _ texts: [String]) -> [[Int32]] {
  texts.map { tokenizer.encode($0, addSpecialTokens: true).ids }
}

@Test func `mixed folders have transformers' ids, or an error that names the files`() throws {
  let mixed = try MixedFolders()
  #expect(mixed.folders.count >= 80)
  for folder in mixed.folders {
    do {
      let tokenizer = try load(mixed.files(folder))
      #expect(folder.error == nil, "\(folder.name): no error")
      #expect(ids(tokenizer, mixed.texts) == folder.ids, "\(folder.name)")
    } catch {
      let isExpected = folder.error.map { $0.allSatisfy("\(error)".contains) } == true
      #expect(isExpected, "\(folder.name): \(error)")
    }
  }
}

/// TUNE_SAVED_TOKENIZERS=FOLDER keeps the saved folders for `make_folders.py --check`.
@Test func `a saved tokenizer has the same ids and settings as the folder that it came from`() throws {
  let mixed = try MixedFolders(), output = ProcessInfo.processInfo.environment["TUNE_SAVED_TOKENIZERS"]
  for (index, folder) in mixed.folders.enumerated() where folder.error == nil {
    let tokenizer = try load(mixed.files(folder))
    let saved = try withFolder { path in
      try tokenizer.save(to: path)
      if let output { try tokenizer.save(to: "\(output)/\(index)") }
      return try WordPiece(folder: path)
    }
    #expect(ids(saved, mixed.texts) == folder.ids, "\(folder.name)")
    #expect(saved.settings == tokenizer.settings, "\(folder.name)")
    #expect(saved.tokens == tokenizer.tokens, "\(folder.name)")
  }
}
