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
    guard case .exposedCache(let place, let why)? = fault else { return "\(fault, default: "none")" }
    return "\(lastPathComponent(place)): \(why)"
  }

  @Test func `a kept file has mode 0600 in a new folder with mode 0700`() throws {
    for _ in 0..<2 {
      close(try CacheFile(path).open())
      #expect(mode(path) == 0o600 && mode(folder.path + "/deep/caches") == 0o700)
      #expect(mode(folder.path + "/deep") & 0o077 != 0)
      chmod(path, 0o644)
    }
  }

  @Test func `a folder that others may enter is refused, and keeps its mode`() throws {
    try makeFolder(folder.path + "/open")
    chmod(folder.path + "/open", 0o750)
    #expect(try reason(folder.path + "/open/states.cache").hasPrefix("open: others may enter this folder (mode 0750)"))
    #expect(mode(folder.path + "/open") == 0o750 && !fileExists(folder.path + "/open/states.cache"))
    chmod(folder.path + "/open", 0o700)
    close(try CacheFile(folder.path + "/open/states.cache").open())
  }

  @Test func `links, pipes and folders are not written through`() throws {
    try makeFolder(folder.path + "/real/inner")
    chmod(folder.path + "/real", 0o700)
    chmod(folder.path + "/real/inner", 0o700)
    try writeFile("victim", to: folder.path + "/victim")
    symlink(folder.path + "/victim", folder.path + "/real/states.cache")
    #expect(try reason(folder.path + "/real/states.cache").hasPrefix("states.cache: it is a symbolic link"))
    symlink(folder.path + "/real", folder.path + "/linked")
    for path in ["linked/other.cache", "linked//other.cache", "linked/inner/other.cache", "linked/new/other.cache"] {
      #expect(try reason(folder.path + "/" + path).hasPrefix("linked: it is a symbolic link"))
    }
    link(folder.path + "/victim", folder.path + "/real/hard.cache")
    #expect(try reason(folder.path + "/real/hard.cache").contains("single name"))
    mkfifo(folder.path + "/real/pipe.cache", 0o600)
    #expect(try reason(folder.path + "/real/pipe.cache").contains("regular file"))
    #expect(try readText(folder.path + "/victim") == "victim" && !fileExists(folder.path + "/real/other.cache"))
    #expect(!fileExists(folder.path + "/real/new") && folder.contents.count == 3)
    let fault = #expect(throws: FileFault.self) { try CacheFile(folder.path + "/victim/a/b.cache").open() }
    #expect(fault == .unwritable(path: folder.path + "/victim", why: "Not a directory"))
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
