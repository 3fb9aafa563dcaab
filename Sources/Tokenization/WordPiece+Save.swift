/// Saves a WordPiece tokenizer in the Hub's format, and reports its settings. Does not save a model.
package import Files

extension WordPiece: StoredTokenizer {
  /// What BERT's own tokenizers have in common is left out.
  package var settings: JSON {
    var settings: [String: JSON] = [
      "type": "WordPiece", "vocabulary_size": .int(count), "clean_text": .bool(normalizer.cleanText),
      "max_input_chars_per_word": .int(maxInputCharsPerWord), "special_tokens": specialTokens,
    ]
    settings.merge(classSettings) { value, _ in value }
    let plain = roles.map { AddedToken(id: $1, content: token($1)) }.sorted { $0.id < $1.id }
    if addedTokens != plain { settings["added_tokens"] = .array(addedTokens.map(\.json)) }
    let prefix = string(of: vocabulary.continuingSubwordPrefix)
    if prefix != "##" { settings["continuing_subword_prefix"] = .string(prefix) }
    let around = [template.before, template.after].map { $0.map(\.id) }
    if around != [[cls], [sep]] { settings["template"] = .array(around.map { .array($0.map { .int(Int($0)) }) }) }
    return .object(settings)
  }

  var classSettings: [String: JSON] {
    [
      "do_lower_case": .bool(normalizer.lowercase), "strip_accents": normalizer.stripAccents.map(JSON.bool) ?? nil,
      "tokenize_chinese_chars": .bool(normalizer.handleChineseChars),
    ]
  }

  var postProcessorJSON: JSON { template.json }

  /// Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and vocab.txt. vocab.txt is omitted if a token
  /// has whitespace at its end.
  package func save(to folder: String, hasTokenTypes: Bool = true) throws {
    try saveFiles(
      to: folder, hasTokenTypes: hasTokenTypes, vocabulary: "\"vocab\": \(vocabularyText(modelVocabulary))")
    let lines = vocabulary.tokens.joined(separator: "\n") + "\n"
    if vocabularyLines(lines).elementsEqual(vocabulary.tokens, by: { $0.utf8.elementsEqual($1.utf8) }) {
      try writeFile(lines, to: "\(folder)/vocab.txt")
    }
  }
}
