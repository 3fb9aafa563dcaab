/// Tests that folders are replaced completely or not at all, and that files of other origin are never deleted.
import Files
import TestSupport
import Testing

struct FoldersTests {
  let folder = TemporaryFolder()
  private var path: String { folder.path + "/out" }

  private func check(overwrite: Bool) throws { try checkOutput(path, files: ["a", "b"], overwrite: overwrite) }

  @Test func `a missing or empty folder is accepted, a full one only with overwrite`() throws {
    try check(overwrite: false)
    try makeFolder(path)
    try check(overwrite: false)
    try writeFile("", to: path + "/a")
    #expect(throws: FileFault.notEmpty(folder: path)) { try check(overwrite: false) }
    try check(overwrite: true)
  }

  @Test func `a folder with a file that the command does not write is never overwritten`() throws {
    try makeFolder(path)
    try writeFile("", to: path + "/a")
    try writeFile("", to: path + "/thesis.tex")
    #expect(throws: FileFault.unknownFile(folder: path, found: "thesis.tex")) { try check(overwrite: true) }
    #expect("\(FileFault.unknownFile(folder: path, found: "thesis.tex"))".contains("would delete"))
  }

  @Test func `a file in place of the folder is a fault`() throws {
    try writeFile("", to: path)
    #expect(throws: FileFault.self) { try check(overwrite: true) }
  }

  @Test func `a folder replaces the previous folder, and nothing else is left`() throws {
    for name in ["a", "b"] { try replaceFolder(at: path + "/") { try writeFile(name, to: "\($0)/\(name)") } }
    #expect(folder.contents == ["out"])
    #expect(!fileExists(path + "/a"))
    #expect(try readText(path + "/b") == "b")
  }

  @Test func `when the body fails, the old folder is unchanged`() throws {
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

  @Test func `two paths of one folder are the same file`() throws {
    try makeFolder(path)
    #expect(isSameFile(path, path + "/../out/") && !isSameFile(path, folder.path) && !isSameFile(path, path + "/no"))
  }
}
