/// The files that the Hub lists for a revision.
import Files
import ModelHub

/// A file and the hash of its content.
struct HubFile: Equatable {
  let path: String
  let size: Int
  let hash: ContentHash

  /// - Throws: `DownloadFault.unsafePath` if the path leaves the folder, `.notHub` if a value is missing.
  init(_ entry: JSON, from url: String) throws(DownloadFault) {
    guard let path = entry["path"]?.string, let hash = ContentHash(entry),
      let size = (entry["lfs"]?["size"] ?? entry["size"])?.int, (0...1 << 44).contains(size)
    else {
      throw .notHub(url: url, why: "an entry of the list of files has no path, size or hash")
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !["", ".", "..", partialsFolder].contains(String($0)) && $0.utf8.count <= 255 }),
      !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") })
    else { throw .unsafePath(path) }
    (self.path, self.size, self.hash) = (path, size, hash)
  }

  /// The path with all but unreserved characters and slashes percent-encoded.
  var encodedPath: String { percentEncoded(path, keeping: "/") }
}

/// `text` with all bytes percent-encoded but letters, digits, "-._~" and those of `kept`.
func percentEncoded(_ text: String, keeping kept: String = "") -> String {
  let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~\(kept)".utf8)
  return text.utf8.reduce(into: "") { encoded, byte in
    if plain.contains(byte) {
      encoded.unicodeScalars.append(Unicode.Scalar(byte))
    } else {
      encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
    }
  }
}
