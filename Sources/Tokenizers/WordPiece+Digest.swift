/// Identifies a tokenizer by its settings and a digest of its vocabulary, whatever files it was read from.
internal import Crypto
public import Files

extension WordPiece {
  /// `settings`, and the digest of the vocabulary as `vocabulary_sha256`. Tokenizers with the same identity give the
  /// same ids for every text.
  public var identity: JSON {
    var members = settings.object ?? [:]
    members["vocabulary_sha256"] = .string(vocabularyDigest)
    return .object(members)
  }

  /// The SHA-256 of all tokens by id, the added tokens with their options, the template, and the prefix.
  private var vocabularyDigest: String {
    var text: [UInt8] = []
    text.reserveCapacity(12 * tokens.count)
    for token in tokens {
      text += token.utf8
      // Never a byte of UTF-8, so it ends every token unmistakably.
      text.append(0xFF)
    }
    let rest: JSON = [
      "added_tokens": .array(addedTokens.sorted { $0.id < $1.id }.map(\.json)), "template": template.json,
      "model_vocabulary": .int(modelVocabulary.count),
      "prefix": .string(string(of: modelVocabulary.continuingSubwordPrefix)),
    ]
    text += rest.text(pretty: false).utf8
    return SHA256.hash(data: text).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
