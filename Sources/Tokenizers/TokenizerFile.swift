/// The tokenizer.json that a folder's files amount to in transformers 5. Does not validate the settings; `WordPiece` does.
import Files
import FoundationEssentials

struct TokenizerFile: Sendable {
  /// The file that errors are reported for: the vocabulary's.
  var path: String
  /// tokenizer.json with an empty `model.vocab`.
  var tree: JSON
  /// The vocabulary, by id.
  var tokens: [String]
  var addedTokens: [NamedToken]
  var tokenizerClass = TokenizerClass.bert
  /// tokenizer_config.json and special_tokens_map.json.
  var config = [String: JSON]()
}

extension TokenizerFile {
  /// Reads tokenizer.json, or vocab.txt if there is none, with the files beside it.
  /// - Parameter lowercase: overrides the files' setting.
  init(folder path: String, lowercase: Bool?) throws {
    let folder = try TokenizerFolder(path)
    let json = fileExists(folder.jsonPath) ? try TokenizerFile(json: folder.jsonPath) : nil
    switch folder.tokenizerClass {
    case .generic:
      guard let json else { preconditionFailure("TokenizerClass checks that there is a tokenizer.json") }
      try self.init(generic: json, folder, lowercase: lowercase)
    case .bert: try self.init(bert: json, folder, lowercase: lowercase)
    }
    (tokenizerClass, config) = (folder.tokenizerClass, folder.settings)
  }

  /// Takes tokenizer.json as it is, and adds the tokens that other files name.
  private init(generic json: TokenizerFile, _ folder: TokenizerFolder, lowercase: Bool?) throws(TokenizerFault) {
    self = json
    if tree["post_processor"] ?? .null == .null {
      throw .unsupported(
        file: path, part: "the post_processor", found: "missing", expected: "TemplateProcessing or BertProcessing")
    }
    if let lowercase, var normalizer = tree["normalizer"]?.object, var members = tree.object {
      normalizer["lowercase"] = .bool(lowercase)
      members["normalizer"] = .object(normalizer)
      tree = .object(members)
    }
    addedTokens = try folder.allAddedTokens(
      json: json.addedTokens, padding: tree["padding"]?["pad_token"], defaults: [])
  }

  /// Takes the vocabulary and the added tokens only; all settings are those of tokenizer_config.json.
  private init(bert json: TokenizerFile?, _ folder: TokenizerFolder, lowercase: Bool?) throws {
    let bert = try bertTokenizerJSON(folder.settings, lowercase: lowercase, folder.configPath)
    if let json { try checkIgnoredSettings(of: json, besides: bert, folder, isOverridden: lowercase != nil) }
    path = json?.path ?? folder.vocabularyPath
    tree = bert
    tokens = try json?.tokens ?? vocabularyLines(try readDownloadedText(folder.vocabularyPath))
    addedTokens = try folder.allAddedTokens(json: json?.addedTokens ?? [], defaults: SpecialTokenRole.allCases)
    if lowercase == nil, folder.settings["do_lower_case"] ?? .null == .null {
      try checkUncased(tokens, besides: addedTokens, folder.path)
    }
  }

  /// tokenizer.json as it is.
  private init(json path: String) throws {
    var text = try readDownloadedText(path)
    text.makeContiguousUTF8()
    let parts = try text.utf8.withContiguousStorageIfAvailable { bytes in
      let scanner = try VocabularyScanner(bytes, file: path)
      guard let range = scanner.range else { return (entries: scanner.entries, rest: Data(bytes)) }
      let rest = Data(bytes[..<range.lowerBound]) + Data("{}".utf8) + Data(bytes[range.upperBound...])
      return (entries: scanner.entries, rest: rest)
    }
    guard let parts else { throw FileFault.unreadable(path: path, why: "its text is not contiguous") }
    let tree = try JSON(parsing: parts.rest, named: path)
    try checkModel(tree, path)
    self.init(
      path: path, tree: tree, tokens: try inOrder(parts.entries, path), addedTokens: try namedTokens(in: tree, path))
  }
}

/// Rejects other model types, before their vocabulary is parsed.
private func checkModel(_ tree: JSON, _ file: String) throws(TokenizerFault) {
  guard let model = tree["model"], model.object != nil else {
    throw .wrongType(file: file, key: "model", found: described(tree["model"]), expected: "an object")
  }
  // Files from before version 0.8 of the library have no type.
  guard model["type"] == nil || model["type"] == "WordPiece" else {
    throw .unsupported(file: file, part: "the model", found: described(model), expected: "WordPiece")
  }
  guard model["vocab"]?.object != nil else {
    throw .wrongType(file: file, key: "model.vocab", found: described(model["vocab"]), expected: "an object")
  }
}

/// The tokens by id. The ids must be 0 to count - 1.
private func inOrder(_ entries: [(token: String, id: Int)], _ file: String) throws(TokenizerFault) -> [String] {
  var tokens = [String?](repeating: nil, count: entries.count)
  for (token, id) in entries {
    guard id < entries.count else {
      throw .idOutOfRange(file: file, token: token, id: id, count: entries.count)
    }
    if let other = tokens[id] { throw .duplicateID(file: file, id: id, tokens: [other, token]) }
    tokens[id] = token
  }
  return tokens.compactMap(\.self)
}
