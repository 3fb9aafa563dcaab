import Files

/// What tokenizer.json would say for a BERT whose folder holds vocab.txt alone, by the defaults of transformers'
/// `BertTokenizer`. Does not hold a vocabulary, nor a template: `WordPiece` knows the ids of [CLS] and [SEP].
/// - Parameter settings: the members of tokenizer_config.json.
func defaultTokenizerJSON(_ settings: [String: JSON], _ file: String) throws(TokenizerFault) -> JSON {
  var accents = settings["strip_accents"] ?? .null
  if accents != .null { accents = .bool(try flag(settings, "strip_accents", true, file)) }
  let names = try specialNames(settings, file)
  var added = [JSON]()
  for role in SpecialTokenRole.allCases {
    let token: JSON = ["id": nil, "content": .string(names[role] ?? role.defaultContent), "special": true]
    if !added.contains(token) { added.append(token) }
  }
  if let more = settings["added_tokens_decoder"]?.object {
    // Keyed by id; a token's own id is checked against the vocabulary like those of tokenizer.json.
    for (key, token) in more.sorted(by: { (Int($0.key) ?? 0, $0.key) < (Int($1.key) ?? 0, $1.key) }) {
      guard var members = token.object, let id = Int(key) else {
        throw .wrongKind(
          file: file, key: "added_tokens_decoder.\(key)", found: token.typeName, expected: "a token under its id")
      }
      members["id"] = .int(id)
      added.removeAll { $0["content"] == token["content"] }
      added.append(.object(members))
    }
  }
  return [
    "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added),
    "normalizer": [
      "type": "BertNormalizer", "clean_text": true, "strip_accents": accents,
      "handle_chinese_chars": .bool(try flag(settings, "tokenize_chinese_chars", true, file)),
      "lowercase": .bool(try flag(settings, "do_lower_case", true, file)),
    ],
    "pre_tokenizer": ["type": "BertPreTokenizer"], "post_processor": nil,
    "decoder": ["type": "WordPiece", "prefix": "##", "cleanup": true],
    "model": [
      "type": "WordPiece", "unk_token": .string(names[.unk] ?? SpecialTokenRole.unk.defaultContent),
      "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 100, "vocab": [:],
    ],
  ]
}

/// What a special token is for; the raw value is the Hub's name without `_token`.
enum SpecialTokenRole: String, CaseIterable, Sendable {
  case pad, unk, cls, sep, mask

  /// `[PAD]`, …
  var defaultContent: String { "[\(rawValue.uppercased())]" }
  var key: String { "\(rawValue)_token" }
}

/// The special tokens that `settings` name, as a text or as an object with a `content`.
func specialNames(_ settings: [String: JSON], _ file: String) throws(TokenizerFault) -> [SpecialTokenRole: String] {
  var names = [SpecialTokenRole: String]()
  for role in SpecialTokenRole.allCases {
    guard let value = settings[role.key], value != .null else { continue }
    guard let name = value.string ?? value["content"]?.string else {
      throw .wrongKind(file: file, key: role.key, found: value.typeName, expected: "a token")
    }
    names[role] = name
  }
  return names
}

func flag(
  _ members: [String: JSON], _ key: String, _ otherwise: Bool, _ file: String
) throws(TokenizerFault) -> Bool {
  guard let value = members[key], value != .null else { return otherwise }
  guard let flag = value.bool else {
    throw .wrongKind(file: file, key: key, found: value.typeName, expected: "true or false")
  }
  return flag
}
