/// Saves a byte-level BPE tokenizer in the Hub's format, and reports its settings. Does not save a model.
package import Files

extension ByteLevelBPE: StoredTokenizer {
  package var settings: JSON {
    [
      "type": "BPE", "vocabulary_size": .int(count), "add_prefix_space": .bool(preTokenizer.addPrefixSpace),
      "use_regex": .bool(preTokenizer.usesPattern), "normalizer": isNFC ? "NFC" : nil,
      "ignore_merges": .bool(model.ignoreMerges), "special_tokens": specialTokens,
    ]
  }

  var classSettings: [String: JSON] { ["add_prefix_space": .bool(preTokenizer.addPrefixSpace)] }

  package var vocabularyDigest: String {
    Tokenization.vocabularyDigest(
      tokens,
      [
        "added_tokens": digestMember(addedTokens), "template": template.json,
        "model_vocabulary": .int(model.vocabulary.count),
        "merges": .array(model.pairs.map { .string("\($0.left) \($0.right)") }),
        "unk_token": model.unk.map { .int(Int($0)) } ?? nil,
      ])
  }

  /// Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json, vocab.json and merges.txt. merges.txt is
  /// omitted if a token has whitespace, which that file cannot represent.
  package func save(to folder: String, hasTokenTypes: Bool = false) throws {
    let vocabulary = vocabularyText(model.vocabulary)
    let merges = model.pairs.map { "[\(quoted($0.left)),\(quoted($0.right))]" }.joined(separator: ",\n")
    try saveFiles(
      to: folder, hasTokenTypes: hasTokenTypes, vocabulary: "\"vocab\": \(vocabulary),\n\"merges\": [\n\(merges)\n]")
    try writeFile(vocabulary + "\n", to: "\(folder)/vocab.json")
    if !model.pairs.contains(where: { hasWhitespace($0.left) || hasWhitespace($0.right) }) {
      let lines = model.pairs.map { "\($0.left) \($0.right)\n" }.joined()
      try writeFile("#version: 0.2\n" + lines, to: "\(folder)/merges.txt")
    }
  }
}

private func hasWhitespace(_ token: String) -> Bool { token.unicodeScalars.contains { isSpace($0.value) } }
