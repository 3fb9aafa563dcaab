/// Recognizes files that a download left in the place of others: Git LFS pointers, and web pages.

/// What a file holds instead of its contents.
package enum IncompleteDownload: Sendable {
  case lfsPointer, webPage

  /// - Parameter bytes: a file's first bytes, or all of them.
  package init?(_ bytes: some Collection<UInt8>) {
    let start = String(decoding: bytes.prefix(512), as: UTF8.self)
    let text = start.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
    if start.hasPrefix("version https://git-lfs.github.com/spec/") {
      self = .lfsPointer
    } else if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") {
      self = .webPage
    } else {
      return nil
    }
  }
}

/// The text of a downloaded file, which must not be a web page.
package func readDownloadedText(_ path: String) throws(FileFault) -> String {
  let text = try readText(path)
  if let found = IncompleteDownload(text.utf8) { throw .incompleteDownload(path: path, found) }
  return text
}

/// Throws if the file is a Git LFS pointer, which no file that `tune` reads can be.
func checkNoPointer(_ bytes: some Collection<UInt8>, path: String) throws(FileFault) {
  if case .lfsPointer? = IncompleteDownload(bytes) { throw .incompleteDownload(path: path, .lfsPointer) }
}
