/// The tokenizer files of a folder, and which of them says what, as in transformers 5. Does not know how a text is
/// tokenized.
import Files

struct TokenizerFolder {
  let path: String
  let tokenizerClass: TokenizerClass
  /// The settings of tokenizer_config.json. If it has no `added_tokens_decoder`, those of special_tokens_map.json take
  /// precedence.
  let settings: [String: JSON]
  /// The special tokens that the settings name.
  let specialTokens: SpecialTokens
  /// The ids of added_tokens.json by token; nil if there is none, or `added_tokens_decoder` replaces it.
  let addedTokens: [String: JSON]?

  /// The path of tokenizer_config.json, which need not exist.
  var configPath: String { path + "/tokenizer_config.json" }
  var jsonPath: String { path + "/tokenizer.json" }
  var vocabularyPath: String { path + "/vocab.txt" }
  var addedTokensPath: String { path + "/added_tokens.json" }

  /// - Throws: `TokenizerFault`, or `FileFault` if a file cannot be read.
  init(_ path: String) throws {
    self.path = path
    let hasJSON = fileExists("\(path)/tokenizer.json")
    guard hasJSON || fileExists("\(path)/vocab.txt") else {
      throw fileExists(path) ? TokenizerFault.noFiles(folder: path) : FileFault.missing(path: path)
    }
    let config = try members("\(path)/tokenizer_config.json"), modelConfig = try members("\(path)/config.json")
    tokenizerClass = try TokenizerClass(
      [("\(path)/tokenizer_config.json", config), ("\(path)/config.json", modelConfig)], hasJSON: hasJSON)
    try checkReadable(config, "\(path)/tokenizer_config.json")
    var (settings, specialTokens) = (config, SpecialTokens(config))
    if config["added_tokens_decoder"] == nil {
      let map = try members("\(path)/special_tokens_map.json")
      settings.merge(map) { _, mapValue in mapValue }
      // Before the map's lists are read, as in transformers.
      specialTokens.merge(map)
      addedTokens = fileExists("\(path)/added_tokens.json") ? try members("\(path)/added_tokens.json") : nil
    } else {
      addedTokens = nil
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
