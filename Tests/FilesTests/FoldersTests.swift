/// Tests that folders are replaced completely or not at all, and that files of other origin are never deleted.
import Files
import Glibc
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

  @Test func `files of other origin move to the new folder, at the same place`() throws {
    try makeFolder(path + "/sub")
    for name in ["a", "thesis.tex", "sub/a", "sub/b.txt"] { try writeFile(name, to: "\(path)/\(name)") }
    symlink("/etc", path + "/link")
    try replaceFolder(at: path, isOwn: { ["a", "sub/a"].contains($0) }) { try writeFile("new", to: $0 + "/a") }
    #expect(folder.contents == ["out"])
    #expect(
      try ["a", "thesis.tex", "sub/b.txt"].map { try readText("\(path)/\($0)") } == ["new", "thesis.tex", "sub/b.txt"])
    #expect(!fileExists(path + "/sub/a") && fileExists(path + "/link/passwd"))
  }

  @Test func `what a killed program left is removed, what one at work has made stays`() throws {
    let remains = ["tmp-killed00000", "tmp-busy0000000"].map { path + "." + $0 }
    for folder in remains { try makeFolder(folder) }
    try writeFile("mine", to: remains[0] + "/mine")
    for name in ["file0000000", "mine"] { try writeFile("", to: path + ".tmp-" + name) }
    let lock = open(remains[1], O_RDONLY)
    flock(lock, LOCK_EX)
    recoverFolder(at: path, isOwn: { $0 != "mine" })
    #expect(folder.contents.sorted() == ["out", "out.tmp-busy0000000", "out.tmp-mine"])
    #expect(try readText(path + "/mine") == "mine")
    close(lock)
    recoverFolder(at: path)
    #expect(folder.contents.sorted() == ["out", "out.tmp-mine"])
  }

  @Test func `an exchange killed between two steps is undone`() throws {
    try makeFolder(path + ".old-1abcdefghijk")
    recoverFolder(at: path)
    #expect(folder.contents == ["out"])
  }

  @Test func `two paths of one folder are the same file`() throws {
    try makeFolder(path)
    #expect(isSameFile(path, path + "/../out/") && !isSameFile(path, folder.path) && !isSameFile(path, path + "/no"))
  }
}
