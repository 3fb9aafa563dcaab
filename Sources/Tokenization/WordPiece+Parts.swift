/// Parses the sections of tokenizer.json for `WordPiece`, and rejects those that BERT models do not use. Does not read
/// files.
import Files

/// The `model` section without its vocabulary.
struct ModelSettings {
  var unkToken: String
  var continuingSubwordPrefix: String
  var maxInputCharsPerWord: Int

  init(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
    unkToken = try text(tree, "unk_token", file)
    continuingSubwordPrefix = try text(tree, "continuing_subword_prefix", file)
    let limit = tree?["max_input_chars_per_word"]
    guard let count = limit?.int, count >= 0 else {
      throw .wrongType(
        file: file, key: "model.max_input_chars_per_word", found: described(limit), expected: "a whole number")
    }
    maxInputCharsPerWord = count
  }
}

extension Normalizer {
  init(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
    guard let members = tree?.object, members["type"] == "BertNormalizer" else {
      throw .unsupported(file: file, part: "the normalizer", found: described(tree), expected: "BertNormalizer")
    }
    let accents = members["strip_accents"] ?? .null
    self.init(
      cleanText: try flag(members, "clean_text", true, file),
      handleChineseChars: try flag(members, "handle_chinese_chars", true, file),
      stripAccents: accents == .null ? nil : try flag(members, "strip_accents", true, file),
      lowercase: try flag(members, "lowercase", true, file))
  }
}

extension Template {
  /// The template in the file, or BERT's default if there is none.
  init(
    _ tree: JSON?, _ specialTokens: [SpecialTokenRole: String], _ vocabulary: Vocabulary, _ file: String
  ) throws(TokenizerFault) {
    if let tree, tree != .null {
      try self.init(tree, file: file)
    } else {
      self.init()
      for role in [SpecialTokenRole.cls, .sep] {
        let id = try require(role, specialTokens, vocabulary, file)
        let special = SpecialToken(id: id, token: vocabulary.tokens[Int(id)])
        if role == .cls { before.append(special) } else { (after, between) = ([special], [special]) }
      }
    }
    try checkIDs(vocabulary, file)
  }

  func checkIDs(_ vocabulary: Vocabulary, _ file: String) throws(TokenizerFault) {
    for special in specialTokens where special.id < 0 || special.id >= vocabulary.count {
      throw .idOutOfRange(file: file, token: special.token, id: Int(special.id), count: vocabulary.count)
    }
  }
}

/// Rejects every pre-tokenizer except BERT's.
func checkPreTokenizer(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
  guard tree?["type"] == "BertPreTokenizer" else {
    throw .unsupported(file: file, part: "the pre_tokenizer", found: described(tree), expected: "BertPreTokenizer")
  }
}

/// The id of the special token with this role.
func require(
  _ role: SpecialTokenRole, _ specialTokens: [SpecialTokenRole: String], _ vocabulary: Vocabulary, _ file: String
) throws(TokenizerFault) -> Int32 {
  let token = specialTokens[role] ?? role.defaultContent
  guard let id = vocabulary.id(of: token) else { throw .missingToken(file: file, token: token, role: role.rawValue) }
  return id
}

/// Added tokens with their ids, by id. Those that are not in the vocabulary get the next ids, as in the library.
func assignIDs(
  _ named: [NamedToken], _ vocabulary: Vocabulary, _ file: String
) throws(TokenizerFault) -> (tokens: [AddedToken], new: [String]) {
  var added = [AddedToken](), new = [String](), unordered = [String]()
  for item in named {
    var token = item.token
    let existing = vocabulary.id(of: token.content)
    if existing == nil {
      if item.isDefault { continue }
      if item.isUnordered { unordered.append(token.content) }
      guard unordered.count < 2 else { throw .unorderedTokens(file: item.file, tokens: unordered, vocabulary: file) }
    }
    let id = existing ?? Int32(vocabulary.count + new.count)
    guard token.id < 0 || token.id == id else {
      throw .addedTokenID(
        file: item.file, token: token.content, id: Int(token.id), expected: Int(id), vocabulary: file)
    }
    if existing == nil { new.append(token.content) }
    token.id = id
    added.append(token)
  }
  return (added.sorted { $0.id < $1.id }, new)
}

private func text(_ tree: JSON?, _ key: String, _ file: String) throws(TokenizerFault) -> String {
  guard let text = tree?[key]?.string else {
    throw .wrongType(file: file, key: key, found: described(tree?[key]), expected: "a string")
  }
  return text
}
