/// Recognizes an unchanged file without reading it, as git's index does. Two files with equal contents differ.
package import Glibc

/// A file's device, inode, size, and times in nanoseconds: of its last modification, and of the last change of its
/// inode, which `touch` and `cp -p` cannot set back.
package struct FileIdentity: Sendable, Hashable {
  package let device, inode: UInt
  package let size, modified, changed: Int

  package init(_ info: stat) {
    func nanoseconds(_ time: timespec) -> Int { time.tv_sec &* 1_000_000_000 &+ time.tv_nsec }
    (device, inode, size) = (info.st_dev, info.st_ino, info.st_size)
    (modified, changed) = (nanoseconds(info.st_mtim), nanoseconds(info.st_ctim))
  }

  /// nil if there is no such file.
  package init?(path: String) {
    var info = stat()
    guard stat(path, &info) == 0 else { return nil }
    self.init(info)
  }

  /// Whether the file has not changed for two seconds. A write right after another one may leave the times as they are.
  package var isSettled: Bool { max(modified, changed) <= (Int(time(nil)) - 2) &* 1_000_000_000 }

  /// "device:inode:size:modified:changed"
  package var text: String {
    [Int(device), Int(inode), size, modified, changed].map(String.init).joined(separator: ":")
  }
}

/// Whether both paths are the same existing file or folder.
package func isSameFile(_ a: String, _ b: String) -> Bool {
  guard let first = FileIdentity(path: a), let second = FileIdentity(path: b) else { return false }
  return (first.device, first.inode) == (second.device, second.inode)
}
