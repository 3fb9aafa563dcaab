/// Errors in a tokenizer's files.
public enum TokenizerFault: Error, Equatable {
  case noFiles(folder: String)
  case addedTokensFile(path: String)
  case unsupported(file: String, part: String, found: String, expected: String)
  case wrongType(file: String, key: String, found: String, expected: String)
  case emptyVocabulary(file: String)
  case duplicateToken(file: String, token: String, first: Int, second: Int)
  case duplicateID(file: String, id: Int, tokens: [String])
  case idOutOfRange(file: String, token: String, id: Int, count: Int)
  case missingToken(file: String, token: String, role: String)
  case addedTokenID(file: String, token: String, id: String, expected: Int)
  case ambiguousAddedToken(file: String, token: String)
  case vocabularyText(file: String, byte: Int, expected: String)
}

extension TokenizerFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noFiles(let folder):
      "\(folder): found neither tokenizer.json nor vocab.txt; expected one of them. "
        + "Download it together with the model's weights."
    case .addedTokensFile(let path):
      "\(path): added tokens are read from tokenizer.json only, and the folder has none. "
        + "Download the model's tokenizer.json, or delete this file if its tokens are not needed."
    case .unsupported(let file, let part, let found, let expected):
      "\(file): \(part) is \(found); expected \(expected). Use a BERT-class WordPiece model."
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
    case .addedTokenID(let file, let token, let id, let expected):
      "\(file): added token '\(token)' has the id \(id); expected \(expected), its id in the vocabulary."
    case .ambiguousAddedToken(let file, let token):
      "\(file): added token '\(token)' is empty or equal to another one, possibly after normalization; "
        + "expected distinct texts."
    case .vocabularyText(let file, let byte, let expected):
      "\(file): 'model.vocab' is damaged at byte \(byte); expected \(expected). Is the download complete?"
    }
  }
}
