/// A file's bytes, mapped read-only into memory and let go with the object. Does not copy, and does not know a format.
import Files
import Glibc

/// The size is the one at opening. A file that is cut short afterwards, by another process, kills this one with
/// SIGBUS when a lost page is read: replace checkpoints by renaming, as `Files.replaceFile` does, never in place.
///
/// `@unchecked Sendable`: the memory is never written, and freed only when nobody holds the object.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  init(path: String) throws(FileFault) {
    // O_NONBLOCK: opening a pipe must answer "not a file" instead of waiting for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw errno == ENOENT ? .missing(path: path) : .unreadable(path: path, why: reason(errno))
    }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw .unreadable(path: path, why: reason(errno)) }
    guard facts.st_mode & S_IFMT == S_IFREG else { throw .unreadable(path: path, why: "not a regular file") }
    let count = Int(facts.st_size)
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

/// Lets the pages of a mapped file that lie wholly within `bytes` go; whoever reads them again gets them from the file.
public func releasePages(_ bytes: UnsafeRawBufferPointer) {
  guard let start = bytes.baseAddress else { return }
  let page = Int(getpagesize())
  let first = (Int(bitPattern: start) + page - 1) / page * page
  let end = (Int(bitPattern: start) + bytes.count) / page * page
  if end > first { madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, MADV_DONTNEED) }
}
