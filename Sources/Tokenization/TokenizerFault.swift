/// Errors in a tokenizer's files.
package enum TokenizerFault: Error, Equatable {
  case noFiles(folder: String)
  /// - Parameter isChosen: whether tokenizer_config.json names the class.
  case noTokenizerJSON(file: String, name: String, isChosen: Bool)
  case tokenizerClass(file: String, found: String, expected: [String])
  /// A setting of tokenizer.json that the tokenizer's class does not read; `setting` is the one in `config` that it reads.
  case ignoredSetting(
    file: String, key: String, value: String, config: String, setting: String?, effective: String,
    tokenizerClass: String)
  case casedVocabulary(folder: String, cased: Int, words: Int, example: String)
  case unsupported(file: String, part: String, found: String, expected: String)
  case wrongType(file: String, key: String, found: String, expected: String)
  case emptyVocabulary(file: String)
  case duplicateToken(file: String, token: String, first: Int, second: Int)
  case duplicateID(file: String, id: Int, tokens: [String])
  case idOutOfRange(file: String, token: String, id: Int, count: Int)
  case missingToken(file: String, token: String, role: String)
  case addedTokenID(file: String, token: String, id: Int, expected: Int, vocabulary: String)
  case unorderedTokens(file: String, tokens: [String], vocabulary: String)
  case ambiguousAddedToken(file: String, token: String)
  case vocabularyText(file: String, byte: Int, expected: String)
  case mergeText(file: String, merge: Int, found: String)
  case mergeNotInVocabulary(file: String, merge: Int, pair: String)
  case settingsDisagree(file: String, key: String, found: String, config: String, other: String)
  case wrongKind(file: String, found: String, expected: String)
  case noSuchSetting(file: String, key: String, kind: String)
}

extension TokenizerFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noFiles(let folder):
      "\(folder): found neither tokenizer.json nor vocab.txt, nor both vocab.json and merges.txt; expected one of the "
        + "three. Download them together with the model's weights."
    case .noTokenizerJSON(let file, let name, let isChosen):
      "\(file): the tokenizer's class is \(name), which reads tokenizer.json, but the folder has none. Download it"
        + (isChosen ? ", or set 'tokenizer_class' to \"BertTokenizer\", which reads vocab.txt." : ".")
    case .tokenizerClass(let file, let found, let expected):
      "\(file): 'tokenizer_class' is \(found); expected one of \(expected.joined(separator: ", ")). "
        + "PreTrainedTokenizerFast takes tokenizer.json as it is."
    case .ignoredSetting(let file, let key, let value, let config, let setting, let effective, let tokenizerClass):
      "\(file): '\(key)' is \(value), but \(tokenizerClass) takes its settings from \(config), "
        + (setting.map {
          "which has no '\($0)'; its default is \(effective). Set '\($0)' there to what the model was trained with"
        }
          ?? "and always uses \(effective). Set this one to it too")
        + ", or 'tokenizer_class' to \"PreTrainedTokenizerFast\", which takes tokenizer.json as it is."
    case .casedVocabulary(let folder, let cased, let words, let example):
      "\(folder): \(cased) of the \(words) tokens that begin a word hold a capital letter, such as '\(example)', and would "
        + "never be used: no file has 'do_lower_case', and the default is to lower-case the text. Set 'model.lowercase' "
        + "in the recipe to false, or to true if the model was trained so; or write \(folder)/tokenizer_config.json with "
        + "{\"do_lower_case\": false}."
    case .unsupported(let file, let part, let found, let expected):
      "\(file): \(part) is \(found); expected \(expected). Use a WordPiece or byte-level BPE model."
    case .wrongType(let file, let key, let found, let expected):
      "\(file): '\(key)' is \(found); expected \(expected)."
    case .emptyVocabulary(let file):
      "\(file): the vocabulary is empty; expected one token per id. Is the download complete?"
    case .duplicateToken(let file, let token, let first, let second):
      "\(file): token '\(token)' has two ids, \(first) and \(second); expected each token once."
    case .duplicateID(let file, let id, let tokens):
      "\(file): id \(id) belongs to \(tokens.map { "'\($0)'" }.joined(separator: " and ")); expected one token per id."
    case .idOutOfRange(let file, let token, let id, let count):
      "\(file): token '\(token)' has id \(id), but the vocabulary has \(count) tokens; "
        + "expected ids 0 to \(count - 1) without gaps."
    case .missingToken(let file, let token, let role):
      "\(file): the \(role) token '\(token)' is not in the vocabulary. "
        + "Set '\(role)_token' in tokenizer_config.json to the correct token, or add this one to the vocabulary."
    case .addedTokenID(let file, let token, let id, let expected, let vocabulary):
      "\(file): added token '\(token)' has the id \(id); expected \(expected), its id in \(vocabulary)."
    case .unorderedTokens(let file, let tokens, let vocabulary):
      "\(file): \(tokens.map { "'\($0)'" }.joined(separator: " and ")) are not in \(vocabulary), and members of a JSON "
        + "object have no order for new ids. Name them with their ids in 'added_tokens_decoder'."
    case .ambiguousAddedToken(let file, let token):
      "\(file): added token '\(token)' is empty or equal to another one, possibly after normalization; "
        + "expected distinct texts."
    case .vocabularyText(let file, let byte, let expected):
      "\(file): the vocabulary is damaged at byte \(byte); expected \(expected). Is the download complete?"
    case .mergeText(let file, let merge, let found):
      "\(file): merge \(merge) is '\(found)'; expected two tokens with one space between them."
    case .mergeNotInVocabulary(let file, let merge, let pair):
      "\(file): merge \(merge), '\(pair)', has a part or a result that is not in the vocabulary. "
        + "Do the vocabulary and the merges belong to the same model?"
    case .settingsDisagree(let file, let key, let found, let config, let other):
      "\(file): '\(key)' is \(found), but in \(config) it is \(other); transformers 5 uses the former, 4 the latter. "
        + "Set both to what the model was trained with, or 'model.\(key)' in the recipe."
    case .wrongKind(let file, let found, let expected):
      "\(file): the model is \(found); expected \(expected), the only kind of tokenizer that this command serves."
    case .noSuchSetting(let file, let key, let kind):
      "\(file): '\(key)' is set to true, but the tokenizer is \(kind). Remove the setting."
    }
  }
}
