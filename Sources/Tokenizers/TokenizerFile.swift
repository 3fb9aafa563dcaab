/// Reads a tokenizer's files: tokenizer.json or vocab.txt, and the configuration. Does not validate the settings;
/// `WordPiece` does.
import Files
import FoundationEssentials

struct TokenizerFile: Sendable {
  /// The file that errors are reported for.
  var path: String
  /// tokenizer.json with an empty `model.vocab`.
  var tree: JSON
  /// The vocabulary, by id.
  var tokens: [String]
  /// tokenizer_config.json, and the members of special_tokens_map.json that it does not have.
  var config = [String: JSON]()
}

extension TokenizerFile {
  /// Reads tokenizer.json, or vocab.txt if there is none.
  init(folder: String) throws {
    let map = try members("\(folder)/special_tokens_map.json")
    let config = try members("\(folder)/tokenizer_config.json")
    let json = "\(folder)/tokenizer.json"
    let lines = "\(folder)/vocab.txt"
    if fileExists(json) {
      try self.init(json: json)
    } else if fileExists(lines) {
      let added = "\(folder)/added_tokens.json"
      if fileExists(added) { throw TokenizerFault.addedTokensFile(path: added) }
      let settings = config.merging(map) { configValue, _ in configValue }
      let tree = try defaultTokenizerJSON(settings, "\(folder)/tokenizer_config.json")
      self.init(path: lines, tree: tree, tokens: linesOfText(try readDownloadedText(lines)))
    } else {
      throw fileExists(folder) ? TokenizerFault.noFiles(folder: folder) : FileFault.missing(path: folder)
    }
    self.config = config.merging(map) { configValue, _ in configValue }
  }

  private init(json path: String) throws {
    var text = try readDownloadedText(path)
    text.makeContiguousUTF8()
    let parts = try text.utf8.withContiguousStorageIfAvailable { bytes in
      let scanner = try VocabularyScanner(bytes, file: path)
      guard let range = scanner.range else { return (entries: scanner.entries, rest: Data(bytes)) }
      let rest = Data(bytes[..<range.lowerBound]) + Data("{}".utf8) + Data(bytes[range.upperBound...])
      return (entries: scanner.entries, rest: rest)
    }
    guard let parts else { throw FileFault.unreadable(path: path, why: "its text is not contiguous") }
    let tree = try JSON(parsing: parts.rest, named: path)
    try checkModel(tree, path)
    self.init(path: path, tree: tree, tokens: try inOrder(parts.entries, path))
  }
}

/// Rejects other model types, before their vocabulary is parsed.
private func checkModel(_ tree: JSON, _ file: String) throws(TokenizerFault) {
  guard let model = tree["model"], model.object != nil else {
    throw .wrongType(file: file, key: "model", found: described(tree["model"]), expected: "an object")
  }
  // Files from before version 0.8 of the library have no type.
  guard model["type"] == nil || model["type"] == "WordPiece" else {
    throw .unsupported(file: file, part: "the model", found: described(model), expected: "WordPiece")
  }
  guard model["vocab"]?.object != nil else {
    throw .wrongType(file: file, key: "model.vocab", found: described(model["vocab"]), expected: "an object")
  }
}

/// The tokens by id. The ids must be 0 to count - 1.
private func inOrder(_ entries: [(token: String, id: Int)], _ file: String) throws(TokenizerFault) -> [String] {
  var tokens = [String?](repeating: nil, count: entries.count)
  for (token, id) in entries {
    guard id < entries.count else {
      throw .idOutOfRange(file: file, token: token, id: id, count: entries.count)
    }
    if let other = tokens[id] { throw .duplicateID(file: file, id: id, tokens: [other, token]) }
    tokens[id] = token
  }
  return tokens.compactMap(\.self)
}

/// The lines of a vocab.txt, with Python's line terminators: \n, \r or \r\n.
private func linesOfText(_ text: String) -> [String] {
  var text = text
  return text.withUTF8 { bytes in
    var tokens = [String]()
    var start = 0, position = 0
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      guard byte == 0x0A || byte == 0x0D else { continue }
      tokens.append(String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<(position - 1)]), as: UTF8.self))
      if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
      start = position
    }
    if start < bytes.count {
      tokens.append(String(decoding: UnsafeBufferPointer(rebasing: bytes[start...]), as: UTF8.self))
    }
    return tokens
  }
}

/// The members of an optional JSON file.
private func members(_ path: String) throws -> [String: JSON] {
  guard fileExists(path) else { return [:] }
  let tree = try JSON(path: path)
  guard let members = tree.object else {
    throw TokenizerFault.wrongType(file: path, key: "the file", found: tree.typeName, expected: "an object")
  }
  return members
}
