/// The tokenizer.json that transformers' `BertTokenizer` amounts to, from the settings of tokenizer_config.json.
import Files

/// Has no vocabulary, no added tokens and no post-processor: `WordPiece` adds [CLS] and [SEP] by their ids.
/// - Parameters:
///   - lowercase: overrides `do_lower_case`.
///   - file: tokenizer_config.json, for error messages.
func bertTokenizerJSON(
  _ settings: [String: JSON], lowercase: Bool? = nil, _ file: String
) throws(TokenizerFault) -> JSON {
  var accents = settings["strip_accents"] ?? .null
  if accents != .null { accents = .bool(try flag(settings, "strip_accents", true, file)) }
  let specialTokens = try specialTokenNames(settings, file)
  let lowercases = if let lowercase { lowercase } else { try flag(settings, "do_lower_case", true, file) }
  return [
    "version": "1.0", "truncation": nil, "padding": nil,
    "normalizer": [
      "type": "BertNormalizer", "clean_text": true, "strip_accents": accents,
      "handle_chinese_chars": .bool(try flag(settings, "tokenize_chinese_chars", true, file)),
      "lowercase": .bool(lowercases),
    ],
    "pre_tokenizer": ["type": "BertPreTokenizer"], "post_processor": nil,
    "decoder": ["type": "WordPiece", "prefix": "##", "cleanup": true],
    "model": [
      "type": "WordPiece", "unk_token": .string(specialTokens[.unk] ?? SpecialTokenRole.unk.defaultContent),
      "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 100, "vocab": [:],
    ],
  ]
}

/// The special tokens with a role in `settings`, each a string or an object with a `content`.
func specialTokenNames(
  _ settings: [String: JSON], _ file: String
) throws(TokenizerFault) -> [SpecialTokenRole: String] {
  var names = [SpecialTokenRole: String]()
  for role in SpecialTokenRole.allCases {
    guard let value = settings[role.key], value != .null else { continue }
    guard let name = value.string ?? value["content"]?.string else {
      throw .wrongType(file: file, key: role.key, found: value.typeName, expected: "a token")
    }
    names[role] = name
  }
  return names
}

/// A Boolean member, or `defaultValue` if it is absent or null.
func flag(
  _ members: [String: JSON], _ key: String, _ defaultValue: Bool, _ file: String
) throws(TokenizerFault) -> Bool {
  guard let value = members[key], value != .null else { return defaultValue }
  guard let flag = value.bool else {
    throw .wrongType(file: file, key: key, found: value.typeName, expected: "true or false")
  }
  return flag
}

/// Throws if tokenizer.json has a setting that `BertTokenizer` would ignore without a word: it differs from `bert`, and
/// tokenizer_config.json does not say that it should.
/// - Parameters:
///   - json: tokenizer.json. `bert`: what `bertTokenizerJSON` made.
///   - isOverridden: whether the caller decided on lower-casing.
func checkIgnoredSettings(
  of json: TokenizerFile, besides bert: JSON, _ folder: TokenizerFolder, isOverridden: Bool
) throws(TokenizerFault) {
  let (found, used) = (try Normalizer(json.tree["normalizer"], json.path), try Normalizer(bert["normalizer"], ""))
  let (model, usedModel) = (try ModelSettings(json.tree["model"], json.path), try ModelSettings(bert["model"], ""))
  try checkPreTokenizer(json.tree["pre_tokenizer"], json.path)
  func check<Value: Equatable>(_ key: String, _ found: Value, _ used: Value, setting: String?) throws(TokenizerFault) {
    let isSaid = setting.map { folder.settings[$0] != nil && (folder.settings[$0] != .null || $0 == "strip_accents") }
    if found == used || isSaid == true { return }
    throw .ignoredSetting(
      file: json.path, key: key, value: "\(found)", config: folder.configPath, setting: setting, effective: "\(used)")
  }
  if !isOverridden { try check("normalizer.lowercase", found.lowercase, used.lowercase, setting: "do_lower_case") }
  if let accents = found.stripAccents {
    try check("normalizer.strip_accents", accents, used.stripsAccents, setting: "strip_accents")
  }
  try check(
    "normalizer.handle_chinese_chars", found.handleChineseChars, used.handleChineseChars,
    setting: "tokenize_chinese_chars")
  try check("normalizer.clean_text", found.cleanText, used.cleanText, setting: nil)
  try check("model.unk_token", model.unkToken, usedModel.unkToken, setting: "unk_token")
  try check(
    "model.continuing_subword_prefix", model.continuingSubwordPrefix, usedModel.continuingSubwordPrefix, setting: nil)
  try check(
    "model.max_input_chars_per_word", model.maxInputCharsPerWord, usedModel.maxInputCharsPerWord, setting: nil)
  guard let processor = json.tree["post_processor"], processor != .null else { return }
  let template = try Template(processor, file: json.path),
    names = try specialTokenNames(folder.settings, folder.configPath)
  for (tokens, role) in [(template.before, SpecialTokenRole.cls), (template.after, .sep)] {
    let found = tokens.map(\.token).joined(separator: " "), used = names[role] ?? role.defaultContent
    try check("post_processor", found, used, setting: tokens.count == 1 ? role.key : nil)
  }
}
