/// Temporary folders for tests: one that is deleted with its object, and one on a file system small enough to fill.
import FoundationEssentials
import Glibc

package final class TemporaryFolder {
  package let path: String

  package init() {
    var template = Array("/tmp/tune-test-XXXXXX".utf8CString)
    path = mkdtemp(&template) == nil ? "/tmp" : String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
  }

  package var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

  deinit { if path != "/tmp" { try? FileManager.default.removeItem(atPath: path) } }
}

/// A small or read-only file system in memory. Mounting needs root; without it the tests that use this are skipped.
package final class TinyDisk {
  package let folder = TemporaryFolder()
  package static let isPermitted = TinyDisk() != nil

  package init?(isReadOnly: Bool = false, kilobytes: Int = 64) {
    let flags = isReadOnly ? UInt(MS_RDONLY) : 0
    guard mount("tmpfs", folder.path, "tmpfs", flags, "size=\(kilobytes)k,mode=700") == 0 else { return nil }
  }

  deinit { umount2(folder.path, Int32(MNT_DETACH)) }
}

/// Calls `body` with the path of a temporary folder, which is deleted afterwards.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) rethrows -> Result {
  let folder = TemporaryFolder()
  return try withExtendedLifetime(folder) { try body(folder.path) }
}
