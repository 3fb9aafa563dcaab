/// Saves a tokenizer in the Hub's format, and reports its settings. Does not save a model.
public import Files

extension WordPiece {
  /// The tokenizer's settings, for a run's record; two tokenizers with equal settings and vocabularies are equivalent.
  public var settings: JSON {
    var special = [String: JSON]()
    for (role, id) in [(SpecialTokenRole.pad, pad), (.unk, unk), (.cls, cls), (.sep, sep)] {
      special[role.key] = .string(token(id))
    }
    if let mask { special[SpecialTokenRole.mask.key] = .string(token(mask)) }
    return [
      "type": "WordPiece", "vocabulary_size": .int(count), "do_lower_case": .bool(normalizer.lowercase),
      "strip_accents": normalizer.stripAccents.map(JSON.bool) ?? nil,
      "tokenize_chinese_chars": .bool(normalizer.handleChineseChars), "clean_text": .bool(normalizer.cleanText),
      "max_input_chars_per_word": .int(maxInputCharsPerWord), "special_tokens": .object(special),
    ]
  }

  /// Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and vocab.txt, from which transformers'
  /// `AutoTokenizer` and `init(folder:)` load this tokenizer. `truncation` and `padding` are written as null. vocab.txt
  /// is omitted if a token contains a line terminator.
  /// - Parameter hasTokenTypes: whether the model has token type ids; if not, `model_input_names` omits them.
  public func save(to folder: String, hasTokenTypes: Bool = true) throws {
    try makeFolder(folder)
    try writeFile(tokenizerText, to: "\(folder)/tokenizer.json")
    var specialTokens = [String: JSON]()
    if let object = settings["special_tokens"]?.object { specialTokens = object }
    try writeFile(JSON.object(specialTokens).text() + "\n", to: "\(folder)/special_tokens_map.json")
    var configuration = configuration(specialTokens)
    if !hasTokenTypes { configuration["model_input_names"] = ["input_ids", "attention_mask"] }
    try writeFile(JSON.object(configuration).text() + "\n", to: "\(folder)/tokenizer_config.json")
    if !vocabulary.tokens.contains(where: { $0.utf8.contains { $0 == 0x0A || $0 == 0x0D } }) {
      try writeFile(vocabulary.tokens.joined(separator: "\n") + "\n", to: "\(folder)/vocab.txt")
    }
  }

  /// The original tokenizer_config.json, with the members that transformers builds the tokenizer from.
  private func configuration(_ specialTokens: [String: JSON]) -> [String: JSON] {
    var members = source.config.merging(specialTokens) { _, specialToken in specialToken }
    // Redundant: tokenizer.json has the added tokens.
    members["added_tokens_decoder"] = nil
    for key in ["do_lower_case", "strip_accents", "tokenize_chinese_chars"] { members[key] = settings[key] }
    if members["tokenizer_class"]?.string == nil { members["tokenizer_class"] = "BertTokenizer" }
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
