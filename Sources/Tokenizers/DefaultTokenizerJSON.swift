/// The default tokenizer.json of a model folder that has only vocab.txt, and special tokens in tokenizer_config.json.
import Files

/// The contents of tokenizer.json with the defaults of transformers' `BertTokenizer`. Has no vocabulary and no
/// post-processor: `WordPiece` adds [CLS] and [SEP] by their ids.
/// - Parameter settings: the members of tokenizer_config.json.
func defaultTokenizerJSON(_ settings: [String: JSON], _ file: String) throws(TokenizerFault) -> JSON {
  var accents = settings["strip_accents"] ?? .null
  if accents != .null { accents = .bool(try flag(settings, "strip_accents", true, file)) }
  let specialTokens = try specialTokenNames(settings, file)
  var added = [JSON]()
  for role in SpecialTokenRole.allCases {
    let token: JSON = ["id": nil, "content": .string(specialTokens[role] ?? role.defaultContent), "special": true]
    if !added.contains(token) { added.append(token) }
  }
  if let decoder = settings["added_tokens_decoder"]?.object {
    // Keyed by id; the ids are later checked against the vocabulary, like those of tokenizer.json.
    for (key, token) in decoder.sorted(by: { (Int($0.key) ?? 0, $0.key) < (Int($1.key) ?? 0, $1.key) }) {
      guard var members = token.object, let id = Int(key) else {
        throw .wrongType(
          file: file, key: "added_tokens_decoder.\(key)", found: token.typeName, expected: "a token with its id as key")
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
      "type": "WordPiece", "unk_token": .string(specialTokens[.unk] ?? SpecialTokenRole.unk.defaultContent),
      "continuing_subword_prefix": "##",
      "max_input_chars_per_word": 100, "vocab": [:],
    ],
  ]
}

/// The role of a special token; the raw value is its key on the Hub without `_token`.
enum SpecialTokenRole: String, CaseIterable, Sendable {
  case pad, unk, cls, sep, mask

  /// `[PAD]`, …
  var defaultContent: String { "[\(rawValue.uppercased())]" }
  var key: String { "\(rawValue)_token" }
}

/// The special tokens in `settings`, each a string or an object with a `content`.
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
