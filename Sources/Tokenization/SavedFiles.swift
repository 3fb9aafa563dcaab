/// Writes the files that both kinds of tokenizers have in the Hub's format. Does not save a model.
import Files

/// A tokenizer with the files that it was read from.
protocol StoredTokenizer: Tokenizer {
  var source: TokenizerFile { get }
  var addedTokens: [AddedToken] { get }
  /// Settings of tokenizer_config.json that the tokenizer's class reads.
  var classSettings: [String: JSON] { get }
  var postProcessorJSON: JSON { get }
}

extension StoredTokenizer {
  /// Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json. `truncation` and `padding` are written as
  /// null.
  /// - Parameter vocabulary: the last members of tokenizer.json's model.
  func saveFiles(to folder: String, hasTokenTypes: Bool, vocabulary: String) throws {
    try makeFolder(folder)
    try writeFile(tokenizerText(vocabulary), to: "\(folder)/tokenizer.json")
    // A role that no file names is none of the added tokens, and naming it would add it.
    var specialTokens = [String: JSON]()
    for (role, id) in roles {
      if let token = addedTokens.first(where: { $0.id == id }) { specialTokens[role.key] = token.asSpecialToken }
    }
    try writeFile(JSON.object(specialTokens).text() + "\n", to: "\(folder)/special_tokens_map.json")
    var configuration = configuration(specialTokens)
    if !hasTokenTypes { configuration["model_input_names"] = ["input_ids", "attention_mask"] }
    try writeFile(JSON.object(configuration).text() + "\n", to: "\(folder)/tokenizer_config.json")
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
    members.merge(classSettings) { _, used in used }
    // The class would add its default one.
    if mask == nil { members["mask_token"] = .null }
    // The folder's config.json may have decided otherwise.
    if TokenizerClass(named: members["tokenizer_class"]?.string ?? "") != source.tokenizerClass {
      members["tokenizer_class"] = .string(source.tokenizerClass.name)
    }
    return members
  }

  /// tokenizer.json: the sections as they were read, with the vocabulary ordered by id.
  private func tokenizerText(_ vocabulary: String) -> String {
    var model = source.tree["model"]?.object ?? [:]
    model["vocab"] = nil
    model["type"] = source.merges == nil ? "WordPiece" : "BPE"
    let parts: [(String, JSON)] = [
      ("version", "1.0"), ("truncation", nil), ("padding", nil), ("added_tokens", .array(addedTokens.map(\.json))),
      ("normalizer", source.tree["normalizer"] ?? nil), ("pre_tokenizer", source.tree["pre_tokenizer"] ?? nil),
      ("post_processor", postProcessorJSON), ("decoder", source.tree["decoder"] ?? nil),
    ]
    var text = "{\n"
    for (key, part) in parts { text += "\(quoted(key)): \(part.text(pretty: false)),\n" }
    text += "\"model\": {\n"
    for (key, part) in model.sorted(by: { $0.key < $1.key }) {
      text += "\(quoted(key)): \(part.text(pretty: false)),\n"
    }
    return text + vocabulary + "\n}\n}\n"
  }
}

/// A vocabulary as a JSON object, by id.
func vocabularyText(_ vocabulary: Vocabulary) -> String {
  "{\n" + vocabulary.tokens.enumerated().map { "\(quoted($1)): \($0)" }.joined(separator: ",\n") + "\n}"
}

extension AddedToken {
  var json: JSON {
    [
      "id": .int(Int(id)), "content": .string(content), "single_word": .bool(singleWord), "lstrip": .bool(lstrip),
      "rstrip": .bool(rstrip), "normalized": .bool(normalized), "special": .bool(special),
    ]
  }

  /// As special_tokens_map.json has it: its content, and its flags if it has any.
  fileprivate var asSpecialToken: JSON {
    if self == AddedToken(id: id, content: content) { return .string(content) }
    return json.setting("id", to: nil).setting("special", to: nil)
  }
}

/// `text` as a JSON string.
func quoted(_ text: String) -> String { JSON.string(text).text() }
