/// Reading, writing and making folders: what is there afterwards, and what reason a fault gives.
import Files
import FoundationEssentials
import Glibc
import TestSupport
import Testing

struct FilesTests {
  let folder = TemporaryFolder()

  @Test func `a written file is read back, and replaces the one before`() throws {
    let path = folder.path + "/a.txt"
    try writeFile("first, and longer", to: path)
    try writeFile("süß", to: path)
    #expect(try readText(path) == "süß")
    #expect(folder.contents == ["a.txt"])
  }

  @Test func `an empty and a large file are read whole`() throws {
    let path = folder.path + "/a.bin"
    for count in [0, 1, 65_536, 65_537, 3_000_000] {
      let data = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      try writeFile(data, to: path)
      #expect(try readFile(path) == data)
    }
  }

  @Test func `a file without a size, such as those of the kernel, is read to its end`() throws {
    #expect(try readText("/proc/self/status").contains("VmRSS"))
  }

  @Test func `a missing file is said to be missing`() {
    #expect(throws: FileFault.missing(path: "/nowhere/at/all")) { try readFile("/nowhere/at/all") }
  }

  @Test func `a folder cannot be read as a file, and the kernel's reason is told`() {
    #expect(throws: FileFault.unreadable(path: folder.path, why: "Is a directory")) { try readFile(folder.path) }
  }

  @Test func `bytes that are not UTF-8 are no text`() throws {
    let path = folder.path + "/a.txt"
    try writeFile(Data([0x61, 0xFF]), to: path)
    #expect(throws: FileFault.self) { try readText(path) }
  }

  @Test func `a folder is made with its parents, and making it again is no fault`() throws {
    let path = folder.path + "/a/b//c/"
    try makeFolder(path)
    try makeFolder(path)
    #expect(fileExists(path))
  }

  @Test func `a folder cannot be made under a file`() throws {
    try writeFile("", to: folder.path + "/a")
    let path = folder.path + "/a/b"
    #expect(throws: FileFault.unwritable(path: path, why: "Not a directory")) { try makeFolder(path) }
  }

  @Test func `writing into a missing folder tells so`() {
    let path = folder.path + "/no/a.txt"
    #expect(throws: FileFault.unwritable(path: path, why: "No such file or directory")) { try writeFile("x", to: path) }
  }

  @Test func `writing over a folder tells so and leaves no temporary file`() throws {
    let path = folder.path + "/a"
    try makeFolder(path)
    #expect(throws: FileFault.unwritable(path: path, why: "Is a directory")) { try writeFile("x", to: path) }
    #expect(folder.contents == ["a"])
  }

  @Test func `a fault while filling leaves the old file and no temporary one`() throws {
    let path = folder.path + "/a.txt"
    try writeFile("old", to: path)
    #expect(throws: FileFault.missing(path: "other")) {
      try replaceFile(at: path) { (descriptor) throws(FileFault) in
        try write([UInt8](repeating: 1, count: 10).span.bytes, to: descriptor, path: path)
        throw .missing(path: "other")
      }
    }
    #expect(try readText(path) == "old")
    #expect(folder.contents == ["a.txt"])
  }

  @Test func `a device without space is told as such`() throws {
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    #expect(throws: FileFault.unwritable(path: "a", why: "No space left on device")) {
      try write([UInt8](repeating: 1, count: 10).span.bytes, to: full, path: "a")
    }
  }

  @Test(.enabled(if: TinyDisk.isPermitted, "mounting needs root"))
  func `a full disk is told as such, keeps the old file and leaves no temporary one`() throws {
    let disk = try #require(TinyDisk())
    let path = disk.folder.path + "/a.bin"
    try writeFile("old", to: path)
    #expect(throws: FileFault.unwritable(path: path, why: "No space left on device")) {
      try writeFile(Data(count: 100_000), to: path)
    }
    #expect(disk.folder.contents == ["a.bin"])
    #expect(try readText(path) == "old")
  }

  @Test(.enabled(if: TinyDisk.isPermitted, "mounting needs root"))
  func `a read-only disk is told as such`() throws {
    let disk = try #require(TinyDisk(isReadOnly: true))
    let path = disk.folder.path + "/a.bin"
    #expect(throws: FileFault.unwritable(path: path, why: "Read-only file system")) { try writeFile("x", to: path) }
    let inner = disk.folder.path + "/b"
    #expect(throws: FileFault.unwritable(path: inner, why: "Read-only file system")) { try makeFolder(inner) }
  }

  @Test(.enabled(if: getuid() != 0, "root may write anywhere"))
  func `a read-only folder is told as such`() throws {
    chmod(folder.path, 0o555)
    defer { chmod(folder.path, 0o755) }
    let path = folder.path + "/a.txt"
    #expect(throws: FileFault.unwritable(path: path, why: "Permission denied")) { try writeFile("x", to: path) }
    #expect(folder.contents.isEmpty)
  }
}
