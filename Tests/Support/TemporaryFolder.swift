/// Folders for tests: one that goes away with its object, and one on a disk so small that a test can fill it.
import FoundationEssentials
import Glibc

public final class TemporaryFolder {
  public let path: String

  public init() {
    var template = Array("/tmp/tune-test-XXXXXX".utf8CString)
    path = mkdtemp(&template) == nil ? "/tmp" : String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
  }

  public var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

  deinit { if path != "/tmp" { try? FileManager.default.removeItem(atPath: path) } }
}

/// A file system in memory, of 64 KiB or as said, or read-only. Mounting needs root: tests of it are skipped elsewhere.
public final class TinyDisk {
  public let folder = TemporaryFolder()
  public static let isPermitted = TinyDisk() != nil

  public init?(isReadOnly: Bool = false, kilobytes: Int = 64) {
    let flags = isReadOnly ? UInt(MS_RDONLY) : 0
    guard mount("tmpfs", folder.path, "tmpfs", flags, "size=\(kilobytes)k") == 0 else { return nil }
  }

  deinit { umount2(folder.path, Int32(MNT_DETACH)) }
}
