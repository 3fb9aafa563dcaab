/// Finds settings of tokenizer.json that `BertTokenizer` and `RobertaTokenizer`, which take their settings from
/// tokenizer_config.json, would ignore without a word.
import Files

/// Compares settings of tokenizer.json with those that are used.
private struct SettingsCheck {
  let json: TokenizerFile
  let folder: TokenizerFolder

  /// - Parameter setting: the one of tokenizer_config.json that decides; nil: none does.
  /// - Throws: if the values differ, and tokenizer_config.json does not say that they should.
  func callAsFunction<Value: Equatable>(
    _ key: String, _ found: Value, _ used: Value, setting: String? = nil
  ) throws(TokenizerFault) {
    let isSaid = setting.map { folder.settings[$0] != nil && (folder.settings[$0] != .null || $0 == "strip_accents") }
    if found == used || isSaid == true { return }
    throw .ignoredSetting(
      file: json.path, key: key, value: "\(found)", config: folder.configPath, setting: setting, effective: "\(used)",
      tokenizerClass: folder.tokenizerClass.name)
  }
}

/// - Parameters:
///   - json: tokenizer.json. `bert`: what `bertTokenizerJSON` made.
///   - isOverridden: whether the caller decided on lower-casing.
func checkIgnoredSettings(
  of json: TokenizerFile, besides bert: JSON, _ folder: TokenizerFolder, isOverridden: Bool
) throws(TokenizerFault) {
  let (found, used) = (try Normalizer(json.tree["normalizer"], json.path), try Normalizer(bert["normalizer"], ""))
  let (model, usedModel) = (try ModelSettings(json.tree["model"], json.path), try ModelSettings(bert["model"], ""))
  try checkPreTokenizer(json.tree["pre_tokenizer"], json.path)
  let check = SettingsCheck(json: json, folder: folder)
  if !isOverridden { try check("normalizer.lowercase", found.lowercase, used.lowercase, setting: "do_lower_case") }
  if let accents = found.stripAccents {
    try check("normalizer.strip_accents", accents, used.stripsAccents, setting: "strip_accents")
  }
  try check(
    "normalizer.handle_chinese_chars", found.handleChineseChars, used.handleChineseChars,
    setting: "tokenize_chinese_chars")
  try check("normalizer.clean_text", found.cleanText, used.cleanText)
  try check("model.unk_token", model.unkToken, usedModel.unkToken, setting: "unk_token")
  try check("model.continuing_subword_prefix", model.continuingSubwordPrefix, usedModel.continuingSubwordPrefix)
  try check("model.max_input_chars_per_word", model.maxInputCharsPerWord, usedModel.maxInputCharsPerWord)
  guard let processor = json.tree["post_processor"], processor != .null else { return }
  let template = try Template(processor, file: json.path)
  try check.template(template.before, template.after)
}

/// - Parameters:
///   - json: tokenizer.json. `roberta`: what `robertaTokenizerJSON` made.
///   - isOverridden: whether the caller decided on `add_prefix_space`.
func checkIgnoredSettings(
  ofBPE json: TokenizerFile, besides roberta: JSON, _ folder: TokenizerFolder, isOverridden: Bool
) throws(TokenizerFault) {
  let (found, used) = (
    try ByteLevelSettings(json.tree["pre_tokenizer"], json.path), try ByteLevelSettings(roberta["pre_tokenizer"], "")
  )
  let model = try BPESettings(json.tree["model"], json.path)
  let check = SettingsCheck(json: json, folder: folder)
  if !isOverridden {
    try check(
      "pre_tokenizer.add_prefix_space", found.addPrefixSpace, used.addPrefixSpace, setting: "add_prefix_space")
  }
  try check("pre_tokenizer.use_regex", found.usesPattern, true)
  try check("normalizer", try isNFC(json.tree["normalizer"], json.path) ? "NFC" : "null", "null")
  try check("model.unk_token", model.unkToken ?? "null", "null")
  try check("model.ignore_merges", model.ignoreMerges, false)
  guard let tree = json.tree["post_processor"], tree != .null else { return }
  let processor = try BPEPostProcessor(tree, json.path)
  try check.template(processor.template.before, processor.template.after)
  try check("post_processor.pair", processor.template.between.count, 2 * processor.template.after.count)
}

extension SettingsCheck {
  /// The class puts one [CLS] before a text, and one [SEP] after it.
  func template(_ before: [Template.SpecialToken], _ after: [Template.SpecialToken]) throws(TokenizerFault) {
    let names = try specialTokenNames(folder.settings, folder.configPath)
    for (tokens, role) in [(before, SpecialTokenRole.cls), (after, .sep)] {
      let found = tokens.map(\.token).joined(separator: " "), used = names[role] ?? folder.tokenizerClass[role]
      try self("post_processor", found, used, setting: tokens.count == 1 ? role.key : nil)
    }
  }
}
