/// A file that is being downloaded. It is named after its hash, so that another run continues it, and gets its final
/// name when it is complete and its hash is right.
import Files
import Glibc
import ModelHub

final class PartialFile {
  private let file: HubFile
  private let path: String
  private let descriptor: Int32
  private var hasher: ContentHasher
  /// The bytes that are there.
  private(set) var count = 0

  /// Opens the partial file in `folder`, or creates it, and hashes what is there.
  init(_ file: HubFile, in folder: String) throws(DownloadFault) {
    self.file = file
    path = "\(folder)/\(file.hash.digits).incomplete"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    hasher = ContentHasher(like: file.hash, size: file.size)
    guard descriptor >= 0 else { throw .unwritable(path: path, why: reason(errno)) }
    try readDescriptor(descriptor, path) {
      hasher.add($0); count += $0.count
    }
    if count > file.size { try restart() }
  }

  deinit { close(descriptor) }

  func append(_ bytes: UnsafeRawBufferPointer) throws(DownloadFault) {
    if count + bytes.count > file.size { throw try mismatch("more than \(file.size) bytes", "\(file.size) bytes") }
    do throws(FileFault) {
      try write(RawSpan(_unsafeBytes: bytes), to: descriptor, path: path)
    } catch {
      guard case .unwritable(_, let why) = error else { throw .file(error) }
      // A part of the bytes may be written; the hash must match what is there.
      ftruncate(descriptor, count)
      lseek(descriptor, off_t(count), SEEK_SET)
      throw .unwritable(path: path, why: why)
    }
    hasher.add(bytes)
    count += bytes.count
  }

  func restart() throws(DownloadFault) {
    guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw .unwritable(path: path, why: reason(errno))
    }
    hasher = ContentHasher(like: file.hash, size: file.size)
    count = 0
  }

  /// Renames the complete file to `target`.
  /// - Throws: `DownloadFault.wrongContent` if its hash is wrong; the content is then deleted.
  func finish(as target: String) throws(DownloadFault) {
    precondition(count == file.size, "\(path) has \(count) of \(file.size) bytes")
    let found = hasher.digits
    if found != file.hash.digits {
      throw try mismatch("\(file.hash.name) \(found)", file.hash.digits)
    }
    do throws(FileFault) { try makeFolder(parentFolder(of: target)) } catch { throw .file(error) }
    guard fsync(descriptor) == 0, rename(path, target) == 0 else { throw .unwritable(path: target, why: reason(errno)) }
    syncFolder(of: target)
  }

  /// How often the content was wrong.
  private var mismatches = 0

  private func mismatch(_ found: String, _ expected: String) throws(DownloadFault) -> DownloadFault {
    mismatches += 1
    try restart()
    return .wrongContent(path: file.path, found: found, expected: expected, isFinal: mismatches > 1)
  }
}

/// The hash of the file at `path`, of the same kind as `file.hash`; nil: there is none.
func contentHash(of path: String, like file: HubFile) throws(DownloadFault) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var hasher = ContentHasher(like: file.hash, size: file.size)
  try readDescriptor(descriptor, path) { hasher.add($0) }
  return hasher.digits
}

private func readDescriptor(
  _ descriptor: Int32, _ path: String, _ receive: (UnsafeRawBufferPointer) -> Void
) throws(DownloadFault) {
  do throws(FileFault) { try readChunks(of: descriptor, path: path, receive) } catch { throw .file(error) }
}
