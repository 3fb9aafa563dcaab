/// Reads the text of a tokenizer.json or a vocab.json. Does not know which of its settings apply.
import Files
import FoundationEssentials

extension TokenizerFile {
  /// tokenizer.json as it is.
  init(json path: String) throws {
    let (entries, rest) = try scan(path) { bytes throws(TokenizerFault) in
      try VocabularyScanner(bytes, file: path)
    }
    var tree = try JSON(parsing: rest, named: path)
    guard let model = tree["model"], model.object != nil else {
      throw TokenizerFault.wrongType(file: path, key: "model", found: described(tree["model"]), expected: "an object")
    }
    let isBPE = try isBPE(model, path)
    guard model["vocab"]?.object != nil else {
      throw TokenizerFault.wrongType(
        file: path, key: "model.vocab", found: described(model["vocab"]), expected: "an object")
    }
    let merges = isBPE ? try Merges(model["merges"], path) : nil
    if isBPE { tree = tree.setting("model", to: model.setting("merges", to: nil)) }
    self.init(
      path: path, tree: tree, tokens: try inOrder(entries, path), merges: merges,
      addedTokens: try namedTokens(in: tree, path))
  }
}

/// The vocabulary of a vocab.json, by id.
func vocabularyJSON(_ path: String) throws -> [String] {
  let scanned = try scan(path) { bytes throws(TokenizerFault) in try VocabularyScanner(vocabulary: bytes, file: path) }
  return try inOrder(scanned.entries, path)
}

/// Whether the model is BPE or WordPiece. Files from before version 0.8 of the library have no type.
private func isBPE(_ model: JSON, _ file: String) throws(TokenizerFault) -> Bool {
  switch model["type"] {
  case "BPE": return true
  case "WordPiece": return false
  case nil: return model["merges"] != nil
  default: throw .unsupported(file: file, part: "the model", found: described(model), expected: "WordPiece or BPE")
  }
}

/// The tokens of a file with their ids, and its text with an empty vocabulary.
private func scan(
  _ path: String, _ body: (UnsafeBufferPointer<UInt8>) throws(TokenizerFault) -> VocabularyScanner
) throws -> (entries: [(token: String, id: Int)], rest: Data) {
  var text = try readDownloadedText(path)
  return try text.withUTF8 { bytes in
    let scanner = try body(bytes)
    guard let range = scanner.range else { return (scanner.entries, Data(bytes)) }
    return (
      scanner.entries, Data(bytes[..<range.lowerBound]) + Data("{}".utf8) + Data(bytes[range.upperBound...])
    )
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
