/// What can be wrong with a wish for a vocabulary, as facts; the sentence is made in one place.
public enum VocabularyFault: Error, Equatable {
  case noWords(files: [String])
  /// - Parameter needed: tokens that any vocabulary over the text must have.
  case sizeTooSmall(size: Int, needed: Int)
  case sizeNotBelowBase(size: Int, base: Int)
}

extension VocabularyFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noWords(let files):
      "\(files.joined(separator: ", ")): no words were found; expected text. Of JSON lines, are the right fields named?"
    case .sizeTooSmall(let size, let needed):
      "size: \(size) tokens are too few; the special tokens and what spells every character of the text are \(needed). "
        + "Ask for at least \(needed), better for some thousands."
    case .sizeNotBelowBase(let size, let base):
      "size: \(size) tokens, but the vocabulary to trim has \(base); expected fewer than that."
    }
  }
}
