/// Tests that Git LFS pointers and web pages in the place of files are recognized by every reader.
import Files
import FoundationEssentials
import TestSupport
import Testing

/// As `git lfs pointer --file` prints it.
private let pointer = """
  version https://git-lfs.github.com/spec/v1
  oid sha256:53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
  size 90868376

  """
private let page = "<!DOCTYPE html>\n<html><head><title>Hub</title></head></html>\n"

@Suite struct IncompleteDownloadTests {
  private func expect(_ text: String, _ kind: IncompleteDownload, _ read: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/file.txt"
      try writeFile(text, to: path)
      #expect(throws: FileFault.incompleteDownload(path: path, kind)) { try read(path) }
    }
  }

  @Test func `a Git LFS pointer is an error of every reader`() throws {
    try expect(pointer, .lfsPointer) { _ = try readFile($0) }
    try expect(pointer, .lfsPointer) { _ = try readText($0) }
    try expect(pointer, .lfsPointer) { _ = try readDownloadedText($0) }
    try expect(pointer, .lfsPointer) { _ = try JSON(path: $0) }
    try expect(pointer, .lfsPointer) { _ = try MappedFile(path: $0) }
    try expect(pointer, .lfsPointer) { try forEachText(in: $0, fields: []) { _ in } }
    let message = FileFault.incompleteDownload(path: "a.txt", .lfsPointer).description
    #expect(message.hasPrefix("a.txt: a Git LFS pointer") && message.contains("git lfs pull"))
  }

  @Test(arguments: [page, page.lowercased(), "\n  <html lang=\"en\">", "\u{FEFF}<!doctype HTML>"])
  func `a web page is no JSON and no vocabulary`(_ page: String) throws {
    try expect(page, .webPage) { _ = try JSON(path: $0) }
    try expect(page, .webPage) { _ = try readDownloadedText($0) }
    #expect(FileFault.incompleteDownload(path: "a", .webPage).description.contains("a web page (HTML)"))
  }

  @Test(arguments: ["{}", "version 1", "<html", "<p>", "", "[PAD]\n<!doctype html>"])
  func `other texts are read`(_ text: String) throws {
    try withTemporaryFolder { folder in
      try writeFile(text, to: folder + "/a")
      #expect(try readText(folder + "/a") == text)
      if text != "<html" { #expect(try readDownloadedText(folder + "/a") == text) }
    }
  }
}

@Suite struct FileIdentityTests {
  @Test func `a write changes a file's identity, renaming its folder keeps size and modification time`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/a/b"
      try makeFolder(folder + "/a")
      try writeFile("1", to: path)
      let first = try #require(FileIdentity(path: path))
      #expect(first == FileIdentity(path: path) && first.size == 1 && !first.isSettled)
      try FileManager.default.moveItem(atPath: folder + "/a", toPath: folder + "/c")
      #expect(FileIdentity(path: path) == nil && FileIdentity(path: folder + "/c/b") == first)
      try writeFile("2", to: folder + "/c/b")
      #expect(FileIdentity(path: folder + "/c/b") != first)
      #expect(try MappedFile(path: folder + "/c/b").identity == FileIdentity(path: folder + "/c/b"))
    }
  }

  @Test func `a file that has been unchanged for long is settled`() throws {
    #expect(try #require(FileIdentity(path: "/proc/self/exe")).isSettled)
  }
}
