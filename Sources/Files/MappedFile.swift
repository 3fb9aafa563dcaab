/// Maps a file read-only into memory, and unmaps it with the object. Does not copy or interpret the bytes.
import Glibc

/// The size is that at opening. If another process truncates the file afterwards, reading a lost page ends this one
/// with SIGBUS. Replace such files by renaming, as `replaceFile` does, never in place.
///
/// `@unchecked Sendable`: the memory is never written, and is unmapped only when the object is released.
package final class MappedFile: @unchecked Sendable {
  /// Valid while the object lives; `withExtendedLifetime` keeps it alive beyond its last use.
  package let bytes: UnsafeRawBufferPointer
  /// Of the file at opening; nil for a scratch file.
  package let identity: FileIdentity?

  /// - Throws: `FileFault` if the file cannot be opened or mapped, is not a regular file, or is a Git LFS pointer.
  package init(path: String) throws(FileFault) {
    let descriptor = try openRegularFile(path)
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .unreadable(path: path, why: reason(errno)) }
    guard let bytes = mapBytes(of: descriptor, count: Int(info.st_size)) else {
      throw .unreadable(path: path, why: reason(errno))
    }
    (self.bytes, identity) = (bytes, FileIdentity(info))
    try checkNoPointer(bytes, path: path)
  }

  /// Bytes from `mapBytes`, which this object unmaps.
  init(_ bytes: UnsafeRawBufferPointer) { (self.bytes, identity) = (bytes, nil) }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}

/// The first `count` bytes of the file of `descriptor`, mapped read-only; nil: `errno` has the reason.
func mapBytes(of descriptor: Int32, count: Int) -> UnsafeRawBufferPointer? {
  guard count > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
  guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else { return nil }
  return UnsafeRawBufferPointer(start: start, count: count)
}

/// Releases the memory of the mapped pages that are entirely within `bytes`; a later read loads them from the file
/// again.
package func releasePages(_ bytes: UnsafeRawBufferPointer) {
  guard let start = bytes.baseAddress else { return }
  let page = Int(getpagesize())
  let first = (Int(bitPattern: start) + page - 1) / page * page
  let end = (Int(bitPattern: start) + bytes.count) / page * page
  if end > first { madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, MADV_DONTNEED) }
}
