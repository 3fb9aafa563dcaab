/// The hash of a file's content: SHA-256 for files in LFS, git's blob hash (SHA-1) for the small ones.
import Crypto
import Files
import Hashing

enum ContentHash: Equatable {
  case sha256(String), gitBlob(String)

  /// The hash of an entry of the Hub's list of files; nil: it has none.
  init?(_ entry: JSON) {
    if let lfs = entry["lfs"], lfs != .null {
      guard let digits = lfs["oid"]?.string, isHash(digits, 64) else { return nil }
      self = .sha256(digits)
    } else {
      guard let digits = entry["oid"]?.string, isHash(digits, 40) else { return nil }
      self = .gitBlob(digits)
    }
  }

  var name: String { if case .sha256 = self { "SHA-256" } else { "git's SHA-1" } }
  var digits: String {
    switch self {
    case .sha256(let digits), .gitBlob(let digits): digits
    }
  }
}

/// Computes the kind of hash that `ContentHash` has, of a file of known size.
struct ContentHasher {
  private var sha256: SHA256?
  private var sha1 = Insecure.SHA1()

  init(like hash: ContentHash, size: Int) {
    if case .sha256 = hash { sha256 = SHA256() }
    sha1.update(data: Array("blob \(size)\0".utf8))
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    if sha256 == nil { sha1.update(bufferPointer: bytes) } else { sha256?.update(bufferPointer: bytes) }
  }

  var digits: String { sha256.map { hexadecimal($0.finalize()) } ?? hexadecimal(sha1.finalize()) }
}

/// Whether `text` is a hash in lower-case hexadecimal digits.
func isHash(_ text: String, _ count: Int) -> Bool {
  text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
}
