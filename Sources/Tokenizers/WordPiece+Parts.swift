/// Reads the parts of tokenizer.json into what `WordPiece` works with, and refuses those that are not BERT's. Does not
/// read files.
import Files

/// The `model`, without its vocabulary.
struct ModelSettings {
  var unknown: String
  var prefix: String
  var maxInputCharsPerWord: Int

  init(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
    unknown = try text(tree, "unk_token", file)
    prefix = try text(tree, "continuing_subword_prefix", file)
    let longest = tree?["max_input_chars_per_word"]
    guard let count = longest?.int, count >= 0 else {
      throw .wrongKind(
        file: file, key: "model.max_input_chars_per_word", found: described(longest), expected: "a whole number")
    }
    maxInputCharsPerWord = count
  }
}

extension Normalizer {
  init(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
    guard let members = tree?.object, members["type"] == "BertNormalizer" else {
      throw .unsupported(file: file, part: "the normalizer", found: described(tree), supported: "BertNormalizer")
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
  /// The file's own template, or BERT's where it has none.
  init(
    _ tree: JSON?, _ names: [SpecialTokenRole: String], _ vocabulary: Vocabulary, _ file: String
  ) throws(TokenizerFault) {
    if let tree, tree != .null {
      try self.init(tree, file: file)
    } else {
      self.init()
      for role in [SpecialTokenRole.cls, .sep] {
        let id = try require(role, names, vocabulary, file)
        let piece = Piece(id: id, token: vocabulary.tokens[Int(id)])
        if role == .cls { before.append(piece) } else { after.append(piece) }
      }
    }
    for piece in before + after where piece.id < 0 || piece.id >= vocabulary.count {
      throw .idOutOfRange(file: file, token: piece.token, id: Int(piece.id), count: vocabulary.count)
    }
  }
}

/// Refuses every way to split into words but BERT's.
func checkSplitter(_ tree: JSON?, _ file: String) throws(TokenizerFault) {
  guard tree?["type"] == "BertPreTokenizer" else {
    throw .unsupported(file: file, part: "the pre_tokenizer", found: described(tree), supported: "BertPreTokenizer")
  }
}

/// The id of the token with this role.
func require(
  _ role: SpecialTokenRole, _ names: [SpecialTokenRole: String], _ vocabulary: Vocabulary, _ file: String
) throws(TokenizerFault) -> Int32 {
  let name = names[role] ?? role.defaultContent
  guard let id = vocabulary.id(of: name) else { throw .missingToken(file: file, token: name, role: role.rawValue) }
  return id
}

/// Reads `added_tokens`. Those that the vocabulary has not are given the ids after it, as the library does.
func addedTokens(
  _ tree: JSON?, _ vocabulary: Vocabulary, _ file: String
) throws(TokenizerFault) -> (tokens: [AddedToken], new: [String]) {
  guard let tree, tree != .null else { return ([], []) }
  var added = [AddedToken]()
  var new = [String]()
  for item in try list(tree, "added_tokens", file) {
    guard let members = item.object else {
      throw .wrongKind(file: file, key: "added_tokens", found: item.typeName, expected: "an object for each")
    }
    let content = try text(item, "content", file)
    if content.isEmpty { continue }
    var id = vocabulary.id(of: content)
    if id == nil {
      // Our own tree names every special token with a null id; a small vocabulary may lack some.
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
    throw .wrongKind(file: file, key: key, found: described(tree?[key]), expected: "a text")
  }
  return text
}
