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
    guard let name = content(value) else {
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
