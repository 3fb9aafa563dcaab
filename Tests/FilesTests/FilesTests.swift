/// Tests that files and folders are read and written completely, and that faults have the kernel's reason.
import Files
import FoundationEssentials
import Glibc
import TestSupport
import Testing

struct FilesTests {
  let folder = TemporaryFolder()

  @Test func `a written file is read back, and replaces the previous file`() throws {
    let path = folder.path + "/a.txt"
    try writeFile("first, and longer", to: path)
    try writeFile("süß", to: path)
    #expect(try readText(path) == "süß")
    #expect(folder.contents == ["a.txt"])
  }

  @Test func `an empty file and a large file are read completely`() throws {
    let path = folder.path + "/a.bin"
    for count in [0, 1, 65_536, 65_537, 3_000_000] {
      let data = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      try writeFile(data, to: path)
      #expect(try readFile(path) == data)
    }
  }

  @Test func `a file without a size, as in proc, is read to the end`() throws {
    #expect(try readText("/proc/self/status").contains("VmRSS"))
  }

  @Test func `a pipe, a device and a huge file are refused at once`() throws {
    let pipe = folder.path + "/pipe", huge = folder.path + "/huge.json"
    mkfifo(pipe, 0o600)
    for path in [pipe, "/dev/zero", "/dev/stdin"] where path != "/dev/stdin" || isatty(0) != 0 {
      #expect(throws: FileFault.unreadable(path: path, why: "not a regular file")) { try readFile(path) }
    }
    try writeFile("", to: huge)
    truncate(huge, 1 << 40)
    let fault = #expect(throws: FileFault.self) { try JSON(path: huge) }
    #expect("\(fault!)".contains("larger than the 100 MB"))
    #expect(throws: FileFault.self) { try readFile("/proc/self/status", limit: 10) }
  }

  @Test func `a lock excludes another one until it is released`() throws {
    var first = try FileLock(folder.path + "/lock")
    #expect(try first != nil && FileLock(folder.path + "/lock") == nil)
    first = nil
    #expect(try FileLock(folder.path + "/lock") != nil)
    #expect(throws: FileFault.unwritable(path: "/no/lock", why: "No such file or directory")) {
      try FileLock("/no/lock")
    }
  }

  @Test func `a missing file is reported as missing`() {
    #expect(throws: FileFault.missing(path: "/nowhere/at/all")) { try readFile("/nowhere/at/all") }
  }

  @Test func `reading a folder as a file gives the kernel's reason`() {
    #expect(throws: FileFault.unreadable(path: folder.path, why: "Is a directory")) { try readFile(folder.path) }
  }

  @Test func `bytes that are not UTF-8 are a fault`() throws {
    let path = folder.path + "/a.txt"
    try writeFile(Data([0x61, 0xFF]), to: path)
    #expect(throws: FileFault.self) { try readText(path) }
  }

  @Test func `a folder is created with its parents, and creating it again is not a fault`() throws {
    let path = folder.path + "/a/b//c/"
    try makeFolder(path)
    try makeFolder(path)
    #expect(fileExists(path))
  }

  @Test func `a folder cannot be created under a file`() throws {
    try writeFile("", to: folder.path + "/a")
    let path = folder.path + "/a/b"
    #expect(throws: FileFault.unwritable(path: path, why: "Not a directory")) { try makeFolder(path) }
  }

  @Test func `writing into a missing folder is a fault`() {
    let path = folder.path + "/no/a.txt"
    #expect(throws: FileFault.unwritable(path: path, why: "No such file or directory")) { try writeFile("x", to: path) }
  }

  @Test func `writing over a folder is a fault and leaves no temporary file`() throws {
    let path = folder.path + "/a"
    try makeFolder(path)
    #expect(throws: FileFault.unwritable(path: path, why: "Is a directory")) { try writeFile("x", to: path) }
    #expect(folder.contents == ["a"])
  }

  @Test func `a fault while writing leaves the old file and no temporary file`() throws {
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

  @Test func `a device without space is reported`() throws {
    let full = open("/dev/full", O_WRONLY)
    defer { close(full) }
    #expect(throws: FileFault.unwritable(path: "a", why: "No space left on device")) {
      try write([UInt8](repeating: 1, count: 10).span.bytes, to: full, path: "a")
    }
  }

  @Test(.enabled(if: TinyDisk.isPermitted, "mounting needs root"))
  func `a full disk is reported, keeps the old file and leaves no temporary file`() throws {
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
  func `a read-only disk is reported`() throws {
    let disk = try #require(TinyDisk(isReadOnly: true))
    let path = disk.folder.path + "/a.bin"
    #expect(throws: FileFault.unwritable(path: path, why: "Read-only file system")) { try writeFile("x", to: path) }
    let inner = disk.folder.path + "/b"
    #expect(throws: FileFault.unwritable(path: inner, why: "Read-only file system")) { try makeFolder(inner) }
  }

  @Test(.enabled(if: getuid() != 0, "root may write anywhere"))
  func `a read-only folder is reported`() throws {
    chmod(folder.path, 0o555)
    defer { chmod(folder.path, 0o755) }
    let path = folder.path + "/a.txt"
    #expect(throws: FileFault.unwritable(path: path, why: "Permission denied")) { try writeFile("x", to: path) }
    #expect(folder.contents.isEmpty)
  }

  @Test func `a pipe is not replaced by a file`() throws {
    let pipe = folder.path + "/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: FileFault.self) { try writeFile("text", to: pipe) }
    var info = stat()
    #expect(stat(pipe, &info) == 0 && info.st_mode & S_IFMT == S_IFIFO)
  }
}
