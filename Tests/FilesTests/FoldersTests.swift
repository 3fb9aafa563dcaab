/// Folders that are written whole or not at all, and never over something that is not the command's own.
import Files
import TestSupport
import Testing

struct FoldersTests {
  let folder = TemporaryFolder()
  private var path: String { folder.path + "/out" }

  private func check(overwrite: Bool) throws { try checkOutput(path, files: ["a", "b"], overwrite: overwrite) }

  @Test func `a new folder and an empty one may be written, a full one only if it is to be`() throws {
    try check(overwrite: false)
    try makeFolder(path)
    try check(overwrite: false)
    try writeFile("", to: path + "/a")
    #expect(throws: FileFault.notEmpty(folder: path)) { try check(overwrite: false) }
    try check(overwrite: true)
  }

  @Test func `what the command does not write itself is never overwritten`() throws {
    try makeFolder(path)
    try writeFile("", to: path + "/a")
    try writeFile("", to: path + "/thesis.tex")
    #expect(throws: FileFault.notOurs(folder: path, found: "thesis.tex")) { try check(overwrite: true) }
    #expect("\(FileFault.notOurs(folder: path, found: "thesis.tex"))".contains("would delete"))
  }

  @Test func `a file is no folder`() throws {
    try writeFile("", to: path)
    #expect(throws: FileFault.self) { try check(overwrite: true) }
  }

  @Test func `a folder replaces the one before, and nothing else is left`() throws {
    for name in ["a", "b"] { try replaceFolder(at: path + "/") { try writeFile(name, to: "\($0)/\(name)") } }
    #expect(folder.contents == ["out"])
    #expect(!fileExists(path + "/a"))
    #expect(try readText(path + "/b") == "b")
  }

  @Test func `when the body fails, what was there stays as it was`() throws {
    try replaceFolder(at: path) { try writeFile("old", to: $0 + "/a") }
    #expect(throws: FileFault.missing(path: "x")) {
      try replaceFolder(at: path) {
        try writeFile("new", to: $0 + "/a")
        throw FileFault.missing(path: "x")
      }
    }
    #expect(folder.contents == ["out"])
    #expect(try readText(path + "/a") == "old")
  }

  @Test func `two names of one folder are the same`() throws {
    try makeFolder(path)
    #expect(isSameFile(path, path + "/../out/") && !isSameFile(path, folder.path) && !isSameFile(path, path + "/no"))
  }
}
