/// The tokenizer.json that a folder's files amount to in transformers 5. Does not validate the settings; `WordPiece` and
/// `ByteLevelBPE` do.
import Files

struct TokenizerFile: Sendable {
  /// The file that errors are reported for: the vocabulary's.
  var path: String
  /// tokenizer.json with an empty `model.vocab`, and without merges.
  var tree: JSON
  /// The vocabulary, by id.
  var tokens: [String]
  /// nil: WordPiece.
  var merges: Merges?
  var addedTokens: [NamedToken]
  var tokenizerClass = TokenizerClass.bert
  /// tokenizer_config.json and special_tokens_map.json.
  var config = [String: JSON]()
}

extension TokenizerFile {
  /// Reads tokenizer.json, or the files of a vocabulary if there is none, with the files beside it.
  init(folder path: String, _ overrides: TokenizerOverrides = .init()) throws {
    let folder = try TokenizerFolder(path), settings = folder.settings
    let json = folder.hasJSON ? try TokenizerFile(json: folder.jsonPath) : nil
    switch folder.tokenizerClass {
    case .generic:
      guard let json else { preconditionFailure("TokenizerClass checks that there is a tokenizer.json") }
      try self.init(generic: json, folder, overrides)
    case .bert: try self.init(bert: json, folder, overrides.lowercase)
    case .roberta: try self.init(roberta: json, folder, overrides.addPrefixSpace)
    }
    try check(overrides)
    (tokenizerClass, config) = (folder.tokenizerClass, settings)
  }

  /// Takes tokenizer.json as it is, and adds the tokens that other files name.
  private init(
    generic json: TokenizerFile, _ folder: TokenizerFolder, _ overrides: TokenizerOverrides
  ) throws(TokenizerFault) {
    self = json
    if tree["post_processor"] ?? .null == .null {
      throw .unsupported(
        file: path, part: "the post_processor", found: "missing", expected: "TemplateProcessing or BertProcessing")
    }
    if let lowercase = overrides.lowercase, var normalizer = tree["normalizer"]?.object, merges == nil {
      normalizer["lowercase"] = .bool(lowercase)
      tree = tree.setting("normalizer", to: .object(normalizer))
    }
    if let addPrefixSpace = overrides.addPrefixSpace {
      for key in ["pre_tokenizer", "post_processor"] {
        tree = tree.setting(key, to: tree[key]?.settingAll("add_prefix_space", to: .bool(addPrefixSpace)))
      }
    } else if merges != nil, let other = folder.settings["add_prefix_space"]?.bool {
      let found = try ByteLevelSettings(tree["pre_tokenizer"], path).addPrefixSpace
      guard found == other else {
        throw .settingsDisagree(
          file: path, key: "add_prefix_space", found: "\(found)", config: folder.configPath, other: "\(other)")
      }
    }
    addedTokens = try folder.allAddedTokens(json: json.addedTokens, padding: tree["padding"]?["pad_token"])
  }

  /// Takes the vocabulary and the added tokens only; all settings are those of tokenizer_config.json.
  private init(bert json: TokenizerFile?, _ folder: TokenizerFolder, _ lowercase: Bool?) throws {
    let bert = try bertTokenizerJSON(folder.settings, lowercase: lowercase, folder.configPath)
    if let json {
      if json.merges != nil { throw folder.wrongModel("BPE", expected: "WordPiece") }
      try checkIgnoredSettings(of: json, besides: bert, folder, isOverridden: lowercase != nil)
    }
    path = json?.path ?? folder.vocabularyLinesPath
    tree = bert
    tokens = try json?.tokens ?? vocabularyLines(try readDownloadedText(folder.vocabularyLinesPath))
    addedTokens = try folder.allAddedTokens(json: json?.addedTokens ?? [])
    if lowercase == nil, folder.settings["do_lower_case"] ?? .null == .null {
      try checkUncased(tokens, besides: addedTokens, folder.path)
    }
  }

  /// Takes the vocabulary, the merges and the added tokens only; all settings are those of tokenizer_config.json.
  private init(roberta json: TokenizerFile?, _ folder: TokenizerFolder, _ addPrefixSpace: Bool?) throws {
    tree = try robertaTokenizerJSON(folder.settings, addPrefixSpace: addPrefixSpace, folder.configPath)
    if let json {
      if json.merges == nil { throw folder.wrongModel("WordPiece", expected: "BPE") }
      try checkIgnoredSettings(ofBPE: json, besides: tree, folder, isOverridden: addPrefixSpace != nil)
      (path, tokens, merges) = (json.path, json.tokens, json.merges)
    } else {
      path = folder.vocabularyJSONPath
      tokens = try vocabularyJSON(path)
      merges = try Merges(file: folder.mergesPath)
    }
    addedTokens = try folder.allAddedTokens(json: json?.addedTokens ?? [])
  }

  /// Throws if a setting is overridden that this kind of tokenizer does not have.
  private func check(_ overrides: TokenizerOverrides) throws(TokenizerFault) {
    if overrides.lowercase == true, merges != nil {
      throw .noSuchSetting(file: path, key: "lowercase", kind: "byte-level BPE, which keeps case")
    }
    if overrides.addPrefixSpace == true, merges == nil {
      throw .noSuchSetting(file: path, key: "add_prefix_space", kind: "WordPiece, which has no spaces in its tokens")
    }
  }
}

extension TokenizerFolder {
  fileprivate func wrongModel(_ found: String, expected: String) -> TokenizerFault {
    .unsupported(
      file: jsonPath, part: "the model", found: found,
      expected: "\(expected), because the tokenizer's class is \(tokenizerClass.name) (\(configPath), config.json)")
  }
}

extension JSON {
  /// This object with another value of a member.
  func setting(_ key: String, to value: JSON?) -> JSON {
    var members = object ?? [:]
    members[key] = value
    return .object(members)
  }

  /// This tree with another value of every member with this key.
  fileprivate func settingAll(_ key: String, to value: JSON) -> JSON {
    switch self {
    case .array(let items): .array(items.map { $0.settingAll(key, to: value) })
    case .object(let members):
      .object(
        Dictionary(
          uniqueKeysWithValues: members.map { ($0, $0 == key ? value : $1.settingAll(key, to: value)) }))
    default: self
    }
  }
}
