/// The tokenizer files of a folder, and which of them says what, as in transformers 5. Does not know how a text is
/// tokenized.
import Files

/// The names of all files that a tokenizer is read from.
package let tokenizerFiles = [
  "tokenizer_config.json", "tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "special_tokens_map.json",
  "added_tokens.json", "config.json",
]

struct TokenizerFolder {
  let path: String
  let tokenizerClass: TokenizerClass
  /// The settings of tokenizer_config.json. If it has no `added_tokens_decoder`, those of special_tokens_map.json take
  /// precedence.
  let settings: [String: JSON]
  /// The special tokens that the settings name.
  let specialTokens: SpecialTokens
  /// The ids of added_tokens.json by token; none if `added_tokens_decoder` replaces it.
  let addedTokens: [String: JSON]

  /// tokenizer_config.json and added_tokens.json need not exist, nor tokenizer.json where the others do.
  let configPath, addedTokensPath, jsonPath: String
  /// The vocabulary of WordPiece, that of BPE, and its merges.
  let vocabularyLinesPath, vocabularyJSONPath, mergesPath: String

  var hasJSON: Bool { fileExists(jsonPath) }

  /// - Throws: `TokenizerFault`, or `FileFault` if a file cannot be read.
  init(_ path: String) throws {
    self.path = path
    (configPath, addedTokensPath) = ("\(path)/tokenizer_config.json", "\(path)/added_tokens.json")
    (jsonPath, vocabularyLinesPath) = ("\(path)/tokenizer.json", "\(path)/vocab.txt")
    (vocabularyJSONPath, mergesPath) = ("\(path)/vocab.json", "\(path)/merges.txt")
    let (hasJSON, hasLines) = (fileExists(jsonPath), fileExists(vocabularyLinesPath))
    guard hasJSON || hasLines || fileExists(vocabularyJSONPath) && fileExists(mergesPath) else {
      throw fileExists(path) ? TokenizerFault.noFiles(folder: path) : FileFault.missing(path: path)
    }
    let config = try members(configPath), modelPath = "\(path)/config.json"
    tokenizerClass = try TokenizerClass(
      [(configPath, config), (modelPath, try members(modelPath))], hasJSON: hasJSON, hasLines: hasLines)
    try checkReadable(config, configPath)
    var (settings, specialTokens) = (config, SpecialTokens(config))
    if config["added_tokens_decoder"] == nil {
      let map = try members("\(path)/special_tokens_map.json")
      settings.merge(map) { _, mapValue in mapValue }
      // Before the map's lists are read, as in transformers.
      specialTokens.merge(map)
      addedTokens = try members(addedTokensPath)
    } else {
      addedTokens = [:]
    }
    (self.settings, self.specialTokens) = (settings, specialTokens)
  }
}

/// Rejects settings that change tokens and are not supported.
private func checkReadable(_ config: [String: JSON], _ file: String) throws(TokenizerFault) {
  if config["split_special_tokens"] == true {
    throw .unsupported(file: file, part: "'split_special_tokens'", found: "true", expected: "false")
  }
  let others = (config["fast_tokenizer_files"]?.array ?? []).compactMap(\.string).filter { $0 != "tokenizer.json" }
  if let other = others.first {
    throw .unsupported(file: file, part: "'fast_tokenizer_files'", found: other, expected: "tokenizer.json only")
  }
}

/// The members of an optional JSON file.
private func members(_ path: String) throws -> [String: JSON] {
  guard fileExists(path) else { return [:] }
  let tree = try JSON(path: path)
  guard let members = tree.object else {
    throw TokenizerFault.wrongType(file: path, key: "the file", found: tree.typeName, expected: "an object")
  }
  return members
}
