/// Maps a file read-only into memory, and unmaps it with the object. Does not copy or interpret the bytes.
import Files
import Glibc

/// The size is that at opening. If another process truncates the file afterwards, reading a lost page ends this one
/// with SIGBUS. Replace checkpoints by renaming, as `Files.replaceFile` does, never in place.
///
/// `@unchecked Sendable`: the memory is never written, and is unmapped only when the object is released.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  init(path: String) throws(FileFault) {
    // O_NONBLOCK: a pipe must be rejected at once, without waiting for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? .missing(path: path) : .unreadable(path: path, why: reason(errno))
    }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .unreadable(path: path, why: reason(errno)) }
    guard info.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, why: "not a regular file") }
    let count = Int(info.st_size)
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let start = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw .unreadable(path: path, why: reason(errno))
    }
    bytes = UnsafeRawBufferPointer(start: start, count: count)
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}

/// Releases the memory of the mapped pages that are entirely within `bytes`; a later read loads them from the file
/// again.
public func releasePages(_ bytes: UnsafeRawBufferPointer) {
  guard let start = bytes.baseAddress else { return }
  let page = Int(getpagesize())
  let first = (Int(bitPattern: start) + page - 1) / page * page
  let end = (Int(bitPattern: start) + bytes.count) / page * page
  if end > first { madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, MADV_DONTNEED) }
}
