/// Saves a tokenizer in the Hub's format, and reports its settings. Does not save a model.
public import Files

extension WordPiece {
  /// The tokenizer's settings, for a run's record; two tokenizers with equal settings and vocabularies are equivalent.
  /// What BERT's own tokenizers have in common is left out.
  public var settings: JSON {
    var special = [String: JSON]()
    for (role, id) in roles { special[role.key] = .string(token(id)) }
    var settings: [String: JSON] = [
      "type": "WordPiece", "vocabulary_size": .int(count), "do_lower_case": .bool(normalizer.lowercase),
      "strip_accents": normalizer.stripAccents.map(JSON.bool) ?? nil,
      "tokenize_chinese_chars": .bool(normalizer.handleChineseChars), "clean_text": .bool(normalizer.cleanText),
      "max_input_chars_per_word": .int(maxInputCharsPerWord), "special_tokens": .object(special),
    ]
    let plain = roles.map { AddedToken(id: $1, content: token($1)) }.sorted { $0.id < $1.id }
    if addedTokens != plain { settings["added_tokens"] = .array(addedTokens.map(\.json)) }
    let prefix = string(of: vocabulary.continuingSubwordPrefix)
    if prefix != "##" { settings["continuing_subword_prefix"] = .string(prefix) }
    let around = [template.before, template.after].map { $0.map { Int32($0.id) } }
    if around != [[cls], [sep]] { settings["template"] = .array(around.map { .array($0.map { .int(Int($0)) }) }) }
    return .object(settings)
  }

  private var roles: [(SpecialTokenRole, Int32)] {
    [(.pad, pad), (.unk, unk), (.cls, cls), (.sep, sep)] + (mask.map { [(.mask, $0)] } ?? [])
  }

  /// Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and vocab.txt, from which transformers'
  /// `AutoTokenizer` and `init(folder:)` load this tokenizer. `truncation` and `padding` are written as null. vocab.txt
  /// is omitted if a token has whitespace at its end.
  /// - Parameter hasTokenTypes: whether the model has token type ids; if not, `model_input_names` omits them.
  public func save(to folder: String, hasTokenTypes: Bool = true) throws {
    try makeFolder(folder)
    try writeFile(tokenizerText, to: "\(folder)/tokenizer.json")
    // A role that no file names is none of the added tokens, and naming it would add it.
    var specialTokens = [String: JSON]()
    for (role, id) in roles where addedTokens.contains(where: { $0.id == id }) {
      specialTokens[role.key] = .string(token(id))
    }
    try writeFile(JSON.object(specialTokens).text() + "\n", to: "\(folder)/special_tokens_map.json")
    var configuration = configuration(specialTokens)
    if !hasTokenTypes { configuration["model_input_names"] = ["input_ids", "attention_mask"] }
    try writeFile(JSON.object(configuration).text() + "\n", to: "\(folder)/tokenizer_config.json")
    let lines = vocabulary.tokens.joined(separator: "\n") + "\n"
    if vocabularyLines(lines).elementsEqual(vocabulary.tokens, by: { $0.utf8.elementsEqual($1.utf8) }) {
      try writeFile(lines, to: "\(folder)/vocab.txt")
    }
  }

  /// The original tokenizer_config.json, with the members that transformers builds the tokenizer from.
  private func configuration(_ specialTokens: [String: JSON]) -> [String: JSON] {
    var members = source.config.merging(specialTokens) { _, specialToken in specialToken }
    // Redundant: tokenizer.json has the added tokens and their flags.
    members["added_tokens_decoder"] = nil
    for (key, value) in members where key.hasSuffix("_token") {
      if let content = value["content"] { members[key] = content }
    }
    let added = addedTokens.map { JSON.string($0.content) }
    for key in ["additional_special_tokens", "extra_special_tokens"] {
      guard let tokens = members[key]?.array else { continue }
      members[key] = .array(tokens.map { $0["content"] ?? $0 }.filter(added.contains))
    }
    for key in ["do_lower_case", "strip_accents", "tokenize_chinese_chars"] { members[key] = settings[key] }
    // `BertTokenizer` would add a default [MASK].
    if mask == nil { members["mask_token"] = .null }
    if members["tokenizer_class"]?.string == nil {
      members["tokenizer_class"] = source.tokenizerClass == .bert ? "BertTokenizer" : "PreTrainedTokenizerFast"
    }
    return members
  }

  /// tokenizer.json: the sections as they were read, with the vocabulary ordered by id.
  private var tokenizerText: String {
    var model = source.tree["model"]?.object ?? [:]
    model["vocab"] = nil
    model["type"] = "WordPiece"
    let parts: [(String, JSON)] = [
      ("version", "1.0"), ("truncation", nil), ("padding", nil), ("added_tokens", .array(addedTokens.map(\.json))),
      ("normalizer", source.tree["normalizer"] ?? nil), ("pre_tokenizer", source.tree["pre_tokenizer"] ?? nil),
      ("post_processor", template.json), ("decoder", source.tree["decoder"] ?? nil),
    ]
    var text = "{\n"
    for (key, part) in parts { text += "\(quoted(key)): \(part.text(pretty: false)),\n" }
    text += "\"model\": {\n"
    for (key, part) in model.sorted(by: { $0.key < $1.key }) {
      text += "\(quoted(key)): \(part.text(pretty: false)),\n"
    }
    text += "\"vocab\": {\n"
    for (id, token) in modelVocabulary.tokens.enumerated() {
      text += "\(quoted(token)): \(id)\(id + 1 < modelVocabulary.count ? "," : "")\n"
    }
    return text + "}\n}\n}\n"
  }
}

extension AddedToken {
  var json: JSON {
    [
      "id": .int(Int(id)), "content": .string(content), "single_word": .bool(singleWord), "lstrip": .bool(lstrip),
      "rstrip": .bool(rstrip), "normalized": .bool(normalized), "special": .bool(special),
    ]
  }
}

/// `text` as a JSON string.
private func quoted(_ text: String) -> String { JSON.string(text).text() }
