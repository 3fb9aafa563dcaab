/// Adds tokens to a tokenizer, as transformers' `add_tokens`. Does not resize a model.
import Files

extension Tokenizer {
  /// This tokenizer with the tokens `tokens` found in a text as a whole: in the normalized text, and also inside a word. A token
  /// that the vocabulary has keeps its id; the others get the next ones, in this order.
  /// - Returns: the tokenizer; and of each token its id, and the ids that its text had before; none if the vocabulary has it.
  /// - Throws: `TokenizerFault` if two tokens are the same in normalized text.
  package func adding(
    _ tokens: [String]
  ) throws -> (tokenizer: any Tokenizer, tokens: [(id: Int32, subwords: [Int32])]) {
    guard let stored = self as? any StoredTokenizer else { preconditionFailure("a tokenizer without files") }
    if tokens.isEmpty { return (self, []) }
    var source = stored.source
    // With their ids, so that those of the files stay as they are.
    source.addedTokens = stored.addedTokens.map { NamedToken($0, file: source.path) }
    for token in tokens {
      let named = NamedToken(AddedToken(id: -1, content: token, normalized: true, special: false), file: "new_tokens")
      if !source.addedTokens.contains(where: named.hasSameText) { source.addedTokens.append(named) }
    }
    let tokenizer: any StoredTokenizer = source.merges == nil ? try WordPiece(source) : try ByteLevelBPE(source)
    return (
      tokenizer,
      tokens.map { token in
        let id = tokenizer.addedTokens.first { $0.content.utf8.elementsEqual(token.utf8) }?.id
        guard let id else { preconditionFailure("the token \(token) was not added") }
        return (id, id < count ? [] : ids(of: token))
      }
    )
  }
}

/// Whether a folder has the files of a tokenizer.
package func hasTokenizer(_ folder: String) -> Bool {
  func has(_ name: String) -> Bool { fileExists("\(folder)/\(name)") }
  return has("tokenizer.json") || has("vocab.txt") || has("vocab.json") && has("merges.txt")
}

/// The tokenizer of an adapter: that in its folder, where it is saved with tokens that it has added, or else its base's.
/// - Parameter adapter: nil: the base's.
/// - Returns: the tokenizer, and whether it is the adapter's own, whose tokens the base may lack.
/// - Throws: as the function for a folder.
package func loadTokenizer(
  adapter: String?, base: String, _ overrides: TokenizerOverrides = .init()
) throws -> (tokenizer: any Tokenizer, isOwn: Bool) {
  let own = adapter.flatMap { hasTokenizer($0) ? $0 : nil }
  return (try loadTokenizer(folder: own ?? base, overrides), own != nil)
}
