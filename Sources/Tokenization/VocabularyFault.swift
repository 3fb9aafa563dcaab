/// Errors in the text or the size for training or trimming a vocabulary.
package enum VocabularyFault: Error, Equatable {
  case noWords(files: [String])
  /// - Parameter required: the number of special tokens and of tokens for the text's characters.
  case sizeTooSmall(size: Int, required: Int)
  case sizeNotBelowBase(size: Int, base: Int)
}

extension VocabularyFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noWords(let files):
      "\(files.joined(separator: ", ")): found no words; expected text. For JSON lines, are the field names correct?"
    case .sizeTooSmall(let size, let required):
      "size: \(size) tokens are too few; the special tokens and the characters of the text take \(required). "
        + "Use at least \(required), preferably several thousand."
    case .sizeNotBelowBase(let size, let base):
      "size: \(size) tokens, but the vocabulary to trim has \(base); expected fewer."
    }
  }
}
