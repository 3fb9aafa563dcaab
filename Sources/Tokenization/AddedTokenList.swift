/// The list of added tokens of a folder: which files name them, in which order, with which flags. Does not assign ids;
/// `assignIDs` does, by the vocabulary.
import Files

/// An added token as a file names it.
struct NamedToken: Sendable {
  /// Its id is that of the file, or -1.
  var token: AddedToken
  /// Where it is named, for error messages.
  var file: String
  /// A default that no file names: skipped if the vocabulary does not have it.
  var isDefault = false
  /// Named in a JSON object, whose members have no order: it cannot get a new id together with others.
  var isUnordered = false

  /// - Parameters:
  ///   - json: the token's text, or an object with `content` and the flags of the library's `AddedToken`.
  ///   - special: overrides the object's flag.
  init(_ json: JSON, key: String, special: Bool? = nil, file: String) throws(TokenizerFault) {
    let members = json.object ?? ["content": json, "special": true]
    guard let content = members["content"]?.string else {
      throw .wrongType(file: file, key: key, found: described(members["content"]), expected: "a token")
    }
    let isSpecial = if let special { special } else { try flag(members, "special", false, file) }
    token = AddedToken(
      id: -1, content: content, singleWord: try flag(members, "single_word", false, file),
      lstrip: try flag(members, "lstrip", false, file), rstrip: try flag(members, "rstrip", false, file),
      normalized: try flag(members, "normalized", !isSpecial, file), special: isSpecial)
    self.file = file
  }

  init(_ token: AddedToken, file: String) { (self.token, self.file) = (token, file) }

  /// A special token that no file names.
  init(default content: String, file: String) {
    self.init(AddedToken(id: -1, content: content), file: file)
    isDefault = true
  }

  /// Strings that are equal in Swift may differ in scalars.
  func hasSameText(as other: NamedToken) -> Bool { token.content.utf8.elementsEqual(other.token.content.utf8) }
}

/// The `added_tokens` of tokenizer.json.
func namedTokens(in tree: JSON, _ file: String) throws(TokenizerFault) -> [NamedToken] {
  guard let items = tree["added_tokens"], items != .null else { return [] }
  var tokens = [NamedToken]()
  for item in try list(items, "added_tokens", file) {
    guard item.object != nil else {
      throw .wrongType(file: file, key: "added_tokens", found: item.typeName, expected: "an object for each")
    }
    var token = try NamedToken(item, key: "content", file: file)
    guard let id = item["id"]?.int.flatMap(Int32.init(exactly:)), id >= 0 else {
      throw .wrongType(file: file, key: "added_tokens.id", found: described(item["id"]), expected: "the token's id")
    }
    token.token.id = id
    if !token.token.content.isEmpty { tokens.append(token) }
  }
  return tokens
}

extension TokenizerFolder {
  /// The tokens that transformers adds, in its order: those with ids, then those with a role, then the others.
  /// - Parameters:
  ///   - json: the tokens of tokenizer.json.
  ///   - padding: the `pad_token` of tokenizer.json's `padding`.
  func allAddedTokens(json: [NamedToken], padding: JSON? = nil) throws(TokenizerFault) -> [NamedToken] {
    var tokens = tokenizerClass == .generic ? json : []
    // Of a token that is named twice, the later flags count.
    for token in try tokensWithIDs(json) {
      if let index = tokens.firstIndex(where: { $0.hasSameText(as: token) }) {
        tokens[index] = token
      } else {
        tokens.append(token)
      }
    }
    func add(_ token: NamedToken) {
      if token.token.content.isEmpty || tokens.contains(where: { $0.hasSameText(as: token) }) { return }
      tokens.append(token)
    }
    for (key, json, isUnordered) in specialTokens.inOrder {
      var token = try NamedToken(json, key: key, special: true, file: configPath)
      token.isUnordered = isUnordered
      add(token)
    }
    if let padding, settings[SpecialTokenRole.pad.key] == nil {
      add(try NamedToken(padding, key: "padding.pad_token", special: true, file: jsonPath))
    }
    for (key, content) in tokenizerClass.defaultTokens where settings[key] == nil {
      add(NamedToken(default: content, file: configPath))
    }
    for json in specialTokens.extra ?? [] {
      add(try NamedToken(json, key: "additional_special_tokens", file: configPath))
    }
    return tokens
  }

  /// The tokens that files list with their ids, by id: in `added_tokens_decoder`, or else in added_tokens.json and
  /// tokenizer.json.
  private func tokensWithIDs(_ json: [NamedToken]) throws(TokenizerFault) -> [NamedToken] {
    var tokens = [Int32: NamedToken]()
    if let decoder = settings["added_tokens_decoder"] {
      for (key, item) in decoder.object ?? [:] {
        guard item.object != nil, let id = Int32(key), id >= 0 else {
          throw .wrongType(
            file: configPath, key: "added_tokens_decoder.\(key)", found: item.typeName,
            expected: "a token with its id as key")
        }
        tokens[id] = try NamedToken(item, key: "added_tokens_decoder.\(key)", file: configPath)
      }
    } else {
      let special = specialTokens.contentsWithRole
      for (content, id) in addedTokens {
        guard let id = id.int.flatMap(Int32.init(exactly:)), id >= 0, tokens[id] == nil else {
          throw .wrongType(file: addedTokensPath, key: content, found: described(id), expected: "an id of its own")
        }
        tokens[id] = try NamedToken(
          ["content": .string(content), "special": .bool(special.contains(content))], key: content,
          file: addedTokensPath)
      }
      for token in json { tokens[token.token.id] = token }
    }
    return tokens.sorted { $0.key < $1.key }.map { id, token in
      var token = token
      token.token.id = id
      return token
    }
  }
}
