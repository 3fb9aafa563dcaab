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
        if role == .cls { before.append(special) } else { after.append(special) }
      }
    }
    for special in before + after where special.id < 0 || special.id >= vocabulary.count {
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

/// Parses `added_tokens`. Those that are not in the vocabulary get the next ids, as in the library.
func parseAddedTokens(
  _ tree: JSON?, _ vocabulary: Vocabulary, _ file: String
) throws(TokenizerFault) -> (tokens: [AddedToken], new: [String]) {
  guard let tree, tree != .null else { return ([], []) }
  var added = [AddedToken]()
  var new = [String]()
  for item in try list(tree, "added_tokens", file) {
    guard let members = item.object else {
      throw .wrongType(file: file, key: "added_tokens", found: item.typeName, expected: "an object for each")
    }
    let content = try text(item, "content", file)
    if content.isEmpty { continue }
    var id = vocabulary.id(of: content)
    if id == nil {
      // The default tokenizer.json lists every special token with a null id; a small vocabulary may lack some.
      if members["id"] == .null { continue }
      id = Int32(vocabulary.count + new.count)
      new.append(content)
    }
    guard let id, members["id"] == .null || members["id"] == .int(Int(id)) else {
      throw .addedTokenID(file: file, token: content, id: described(members["id"]), expected: Int(id ?? -1))
    }
    let special = try flag(members, "special", false, file)
    added.append(
      AddedToken(
        id: id, content: content, singleWord: try flag(members, "single_word", false, file),
        lstrip: try flag(members, "lstrip", false, file), rstrip: try flag(members, "rstrip", false, file),
        normalized: try flag(members, "normalized", !special, file), special: special))
  }
  return (added, new)
}

private func text(_ tree: JSON?, _ key: String, _ file: String) throws(TokenizerFault) -> String {
  guard let text = tree?[key]?.string else {
    throw .wrongType(file: file, key: key, found: described(tree?[key]), expected: "a string")
  }
  return text
}
