/// Cache files are their owner's only: modes, links, and files without a name.
import Files
import Glibc
import TestSupport
import Testing

struct CacheFileTests {
  private let folder = TemporaryFolder()
  private var path: String { folder.path + "/deep/caches/states.cache" }

  private func mode(_ path: String) -> mode_t {
    var info = stat()
    return lstat(path, &info) == 0 ? info.st_mode & 0o777 : 0
  }

  private func reason(_ path: String) throws -> String {
    let fault = #expect(throws: FileFault.self) { try CacheFile(path).open() }
    guard case .unwritable(_, let why)? = fault else { return "\(fault, default: "none")" }
    return why
  }

  @Test func `a kept file has mode 0600 in a folder with mode 0700, also if they existed before`() throws {
    for _ in 0..<2 {
      close(try CacheFile(path).open())
      #expect(mode(path) == 0o600 && mode(folder.path + "/deep/caches") == 0o700)
      #expect(mode(folder.path + "/deep") & 0o077 != 0)
      chmod(path, 0o644)
      chmod(folder.path + "/deep/caches", 0o755)
    }
    try writeFile("", to: folder.path + "/deep/caches/notes.txt")
    close(try CacheFile(path).open())
    #expect(mode(path) == 0o600 && mode(folder.path + "/deep/caches") == 0o755)
  }

  @Test func `links, pipes and folders are not written through`() throws {
    try makeFolder(folder.path + "/real")
    try writeFile("victim", to: folder.path + "/victim")
    symlink(folder.path + "/victim", folder.path + "/real/states.cache")
    #expect(try reason(folder.path + "/real/states.cache").contains("symbolic link"))
    symlink(folder.path + "/real", folder.path + "/linked")
    #expect(try reason(folder.path + "/linked/other.cache").contains("symbolic link"))
    link(folder.path + "/victim", folder.path + "/real/hard.cache")
    #expect(try reason(folder.path + "/real/hard.cache").contains("single name"))
    mkfifo(folder.path + "/real/pipe.cache", 0o600)
    #expect(try reason(folder.path + "/real/pipe.cache").contains("regular file"))
    #expect(try readText(folder.path + "/victim") == "victim" && !fileExists(folder.path + "/real/other.cache"))
  }

  @Test func `an unnamed file stands for its path, and needs no folder`() throws {
    let cache = CacheFile(path, in: UnnamedFiles()), bytes: [UInt8] = [1, 2, 3]
    func found() throws -> [UInt8]? {
      let file = RecordFile(cache)
      try file.open(reserving: 100)
      var found: [UInt8] = [0, 0, 0]
      return found.withUnsafeMutableBytes { file.read(RecordKey(1, 2), into: $0) } ? found : nil
    }
    do {
      let file = RecordFile(cache)
      try file.open(reserving: 100)
      bytes.withUnsafeBytes { file.append([(RecordKey(1, 2), $0)]) }
    }
    #expect(try found() == bytes && !cache.exists)
    let descriptor = try cache.open()
    var info = stat()
    #expect(fstat(descriptor, &info) == 0 && info.st_nlink == 0 && info.st_mode & 0o777 == 0o600)
    close(descriptor)
    cache.discard()
    #expect(try found() == nil && folder.contents.isEmpty)
  }
}
