/// Writing a tokenizer as the Hub keeps one, and telling how it splits. Does not write a model.
public import Files

extension WordPiece {
  /// How text is split, for a run's record: equal for tokenizers that split alike, but for their vocabularies.
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
  /// `AutoTokenizer` and `init(folder:)` load this tokenizer. The two settings that cut and pad texts are written as
  /// null. vocab.txt is left out when a token has the end of a line in it.
  /// - Parameter readsKinds: whether the model beside it takes token types; else transformers is told not to make any.
  public func save(to folder: String, readsKinds: Bool = true) throws {
    try makeFolder(folder)
    try writeFile(tokenizerText, to: "\(folder)/tokenizer.json")
    var names = [String: JSON]()
    if let object = settings["special_tokens"]?.object { names = object }
    try writeFile(JSON.object(names).text() + "\n", to: "\(folder)/special_tokens_map.json")
    var configuration = configuration(names)
    if !readsKinds { configuration["model_input_names"] = ["input_ids", "attention_mask"] }
    try writeFile(JSON.object(configuration).text() + "\n", to: "\(folder)/tokenizer_config.json")
    if !vocabulary.tokens.contains(where: { $0.utf8.contains { $0 == 0x0A || $0 == 0x0D } }) {
      try writeFile(vocabulary.tokens.joined(separator: "\n") + "\n", to: "\(folder)/vocab.txt")
    }
  }

  /// The tokenizer_config.json that was read, with what transformers builds the tokenizer from.
  private func configuration(_ names: [String: JSON]) -> [String: JSON] {
    var members = source.config.merging(names) { _, own in own }
    // These describe the tokens once more, by id; tokenizer.json already does.
    members["added_tokens_decoder"] = nil
    for key in ["do_lower_case", "strip_accents", "tokenize_chinese_chars"] { members[key] = settings[key] }
    if members["tokenizer_class"]?.string == nil { members["tokenizer_class"] = "BertTokenizer" }
    return members
  }

  /// tokenizer.json: all parts as they were read, the vocabulary in the order of ids.
  private var tokenizerText: String {
    var model = source.tree["model"]?.object ?? [:]
    model["vocab"] = nil
    model["type"] = "WordPiece"
    let parts: [(String, JSON)] = [
      ("version", "1.0"), ("truncation", nil), ("padding", nil), ("added_tokens", .array(added.map(\.tree))),
      ("normalizer", source.tree["normalizer"] ?? nil), ("pre_tokenizer", source.tree["pre_tokenizer"] ?? nil),
      ("post_processor", template.tree), ("decoder", source.tree["decoder"] ?? nil),
    ]
    var text = "{\n"
    for (key, part) in parts { text += "\(quoted(key)): \(part.text(pretty: false)),\n" }
    text += "\"model\": {\n"
    for (key, part) in model.sorted(by: { $0.key < $1.key }) {
      text += "\(quoted(key)): \(part.text(pretty: false)),\n"
    }
    text += "\"vocab\": {\n"
    for (id, token) in pieces.tokens.enumerated() {
      text += "\(quoted(token)): \(id)\(id + 1 < pieces.count ? "," : "")\n"
    }
    return text + "}\n}\n}\n"
  }
}

extension AddedToken {
  var tree: JSON {
    [
      "id": .int(Int(id)), "content": .string(content), "single_word": .bool(singleWord), "lstrip": .bool(lstrip),
      "rstrip": .bool(rstrip), "normalized": .bool(normalized), "special": .bool(special),
    ]
  }
}

/// `text` as JSON.
private func quoted(_ text: String) -> String { JSON.string(text).text() }
