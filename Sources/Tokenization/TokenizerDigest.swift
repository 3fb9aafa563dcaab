/// Identifies a vocabulary by a digest, whatever files it was read from.
internal import Crypto
import Files
import Hashing

/// The SHA-256 of the tokens by id, and of `rest`.
func vocabularyDigest(_ tokens: [String], _ rest: JSON) -> String {
  var text: [UInt8] = []
  text.reserveCapacity(12 * tokens.count)
  for token in tokens {
    text += token.utf8
    // Never a byte of UTF-8, so it ends every token unmistakably.
    text.append(0xFF)
  }
  text += rest.text(pretty: false).utf8
  return hexadecimal(SHA256.hash(data: text))
}

/// Added tokens by id, as a member of `rest`.
func digestMember(_ addedTokens: [AddedToken]) -> JSON {
  .array(addedTokens.sorted { $0.id < $1.id }.map(\.json))
}
