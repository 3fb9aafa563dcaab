/// Bearer tokens of a file, and what each permits.
import Crypto
import Files
import FoundationEssentials
import Glibc

/// What a request may do.
enum Scope: String, Sendable, CaseIterable {
  /// Ask for predictions, list the models, read the metrics.
  case predict
  /// Load and unload adapters.
  case manage
}

struct AccessTokens: Sendable {
  private struct Entry: Sendable {
    let hash: SHA256.Digest
    let scopes: Set<Scope>
  }

  private let entries: [Entry]

  /// Reads lines `TOKEN` or `TOKEN SCOPE,SCOPE`; without scopes a token has "predict". Empty lines, and those that begin with
  /// "#", are skipped.
  /// - Throws: `FileFault`, also if others than the file's owner may read it.
  init(file: String) throws {
    var info = stat()
    guard stat(file, &info) == 0 else { throw FileFault.missing(path: file) }
    guard info.st_mode & 0o077 == 0 else {
      throw FileFault.malformed(
        file: file, line: nil, found: "others than its owner may read or write it",
        expected: "a file of its owner alone: chmod 600 \(file)")
    }
    var entries: [Entry] = []
    for (number, line) in try readText(file).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let fields = line.split { $0.isWhitespace }
      guard let token = fields.first, !token.hasPrefix("#") else { continue }
      let scopes = fields.count == 1 ? ["predict"] : fields[1].split(separator: ",")
      let known = scopes.compactMap { Scope(rawValue: String($0)) }
      guard fields.count <= 2, known.count == scopes.count, !known.isEmpty else {
        throw FileFault.malformed(
          file: file, line: number + 1, found: "other scopes, or more than two fields",
          expected: "TOKEN, or TOKEN SCOPE,SCOPE with the scopes predict and manage")
      }
      guard token.utf8.count >= Self.minimumLength, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        throw FileFault.malformed(
          file: file, line: number + 1, found: "a token that is short or has other characters than ASCII",
          expected: "at least \(Self.minimumLength) characters, as of: openssl rand -hex 32")
      }
      entries.append(Entry(hash: SHA256.hash(data: Data(token.utf8)), scopes: Set(known)))
    }
    guard !entries.isEmpty else {
      throw FileFault.malformed(file: file, line: nil, found: "no token", expected: "a token on a line of its own")
    }
    self.entries = entries
  }

  private static var minimumLength: Int { 16 }

  /// Checks the header Authorization. Takes the same time whatever token is wrong: all hashes are compared, each in full.
  /// - Throws: `RequestFault` without a valid token, or for one without the scope.
  func check(_ authorization: String?, for scope: Scope) throws(RequestFault) {
    guard let authorization, authorization.lowercased().hasPrefix("bearer ") else {
      throw .unauthorized("Give a token of the server's --token-file: \"Authorization: Bearer TOKEN\".")
    }
    let hash = SHA256.hash(data: Data(authorization.dropFirst("bearer ".count).utf8))
    var scopes: Set<Scope>?
    // Comparing digests takes constant time.
    for entry in entries where entry.hash == hash { scopes = (scopes ?? []).union(entry.scopes) }
    guard let scopes else { throw .unauthorized("The token is not in the server's --token-file.") }
    guard scopes.contains(scope) else {
      throw .forbidden("The token does not have the scope \"\(scope.rawValue)\".", code: "missing_scope")
    }
  }
}
