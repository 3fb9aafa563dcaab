/// Reads files, and writes them atomically: a reader sees the old contents or the new ones, never a part.
/// Every fault has the kernel's reason. Paths are relative to the working directory.
package import FoundationEssentials
import Glibc

/// More bytes than a file of settings, a vocabulary or an index has.
package let documentLimit = 100_000_000

/// The bytes of the file at `path`, which must be a regular file of at most `limit` bytes, and no Git LFS pointer.
package func readFile(_ path: String, limit: Int = documentLimit) throws(FileFault) -> Data {
  let descriptor = try openRegularFile(path)
  defer { close(descriptor) }
  return try readAll(of: descriptor, path: path, limit: limit)
}

private func readAll(of descriptor: Int32, path: String, limit: Int) throws(FileFault) -> Data {
  var info = stat()
  guard fstat(descriptor, &info) == 0 else { throw .unreadable(path: path, why: reason(errno)) }
  func checkSize(_ size: Int) throws(FileFault) {
    if size > limit {
      throw .unreadable(path: path, why: "larger than the \(limit / 1_000_000) MB that such a file may have")
    }
  }
  try checkSize(Int(info.st_size))
  // One byte more than the size, so that the end is reached without growing the buffer.
  var data = Data(count: max(Int(info.st_size), 1 << 16) + 1)
  var size = 0
  while true {
    if size == data.count { data.count *= 2 }
    let count = data.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + size, $0.count - size) }
    if count == 0 { break }
    if count > 0 {
      size += count
      try checkSize(size)
    } else if errno != EINTR {
      throw .unreadable(path: path, why: reason(errno))
    }
  }
  data.count = size
  try checkNoPointer(data, path: path)
  return data
}

/// Calls `body` with the bytes from the descriptor's position to the end, at most 1 MiB at a time.
package func readChunks(
  of descriptor: Int32, path: String, _ body: (UnsafeRawBufferPointer) -> Void
) throws(FileFault) {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
  defer { buffer.deallocate() }
  while true {
    let count = read(descriptor, buffer.baseAddress, buffer.count)
    if count == 0 { return }
    if count > 0 {
      body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    } else if errno != EINTR {
      throw .unreadable(path: path, why: reason(errno))
    }
  }
}

/// A read-only descriptor of the regular file at `path`; the caller closes it. A pipe or device is a fault: its bytes can
/// be read only once, and may never end.
package func openRegularFile(_ path: String) throws(FileFault) -> Int32 {
  // O_NONBLOCK: a pipe must be rejected at once, without waiting for a writer.
  let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
  guard descriptor >= 0 else {
    throw errno == ENOENT ? .missing(path: path) : .unreadable(path: path, why: reason(errno))
  }
  var info = stat()
  let isKnown = fstat(descriptor, &info) == 0, type = info.st_mode & S_IFMT
  guard isKnown, type == S_IFREG else {
    let why = isKnown ? type == S_IFDIR ? reason(EISDIR) : "not a regular file" : reason(errno)
    close(descriptor)
    throw .unreadable(path: path, why: why)
  }
  return descriptor
}

/// A read-only descriptor of the file at `path`; the caller closes it.
func openForReading(_ path: String) throws(FileFault) -> Int32 {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw errno == ENOENT ? .missing(path: path) : .unreadable(path: path, why: reason(errno))
  }
  return descriptor
}

/// The text of the file at `path`; bytes that are not UTF-8 are a fault.
package func readText(_ path: String, limit: Int = documentLimit) throws(FileFault) -> String {
  guard let text = String(data: try readFile(path, limit: limit), encoding: .utf8) else {
    throw .malformed(file: path, line: nil, found: "bytes that are not UTF-8", expected: "UTF-8 text")
  }
  return text
}

/// Writes `data` to a temporary file beside `path`, syncs it, and renames it into place.
package func writeFile(_ data: Data, to path: String) throws(FileFault) {
  try replaceFile(at: path) { (descriptor) throws(FileFault) in
    try write(data.span.bytes, to: descriptor, path: path)
  }
}

package func writeFile(_ text: String, to path: String) throws(FileFault) {
  try writeFile(Data(text.utf8), to: path)
}

/// Opens a temporary file beside `path`, fills it with `body`, syncs and renames it; removes it on any fault.
/// The temporary name is unique, so several writers of one path do not collide: the last one to finish wins.
package func replaceFile(at path: String, _ body: (Int32) throws(FileFault) -> Void) throws(FileFault) {
  var info = stat()
  // A rename would put a file in place of a device or a pipe.
  if stat(path, &info) == 0, ![S_IFREG, S_IFDIR].contains(info.st_mode & S_IFMT) {
    throw .unwritable(path: path, why: "it is a device or a pipe")
  }
  let temporary = "\(path).tmp-\(temporarySuffix())"
  let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
  guard descriptor >= 0 else { throw .unwritable(path: path, why: reason(errno)) }
  do throws(FileFault) {
    try body(descriptor)
    guard fsync(descriptor) == 0 else { throw .unwritable(path: path, why: reason(errno)) }
  } catch {
    close(descriptor)
    unlink(temporary)
    throw error
  }
  guard close(descriptor) == 0, rename(temporary, path) == 0 else {
    let why = reason(errno)
    unlink(temporary)
    throw .unwritable(path: path, why: why)
  }
  syncFolder(of: path)
}

/// Syncs the folder of `path`, so that a file created or removed there stays so after a power failure. Does nothing on
/// file systems that cannot sync a folder.
package func syncFolder(of path: String) {
  let descriptor = open(parentFolder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { return }
  fsync(descriptor)
  close(descriptor)
}

/// Free bytes for this user on the disk of `path`, or of its nearest existing parent folder; nil: unknown.
package func freeSpace(at path: String) -> Int? {
  var info = statvfs()
  if statvfs(path, &info) == 0 { return Int(info.f_bavail) * Int(info.f_frsize) }
  guard errno == ENOENT, path != ".", path != "/" else { return nil }
  return freeSpace(at: parentFolder(of: path))
}

/// Writes all bytes, in as many system calls as it takes.
package func write(_ bytes: RawSpan, to descriptor: Int32, path: String) throws(FileFault) {
  var offset = 0
  while offset < bytes.byteCount {
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + offset, $0.count - offset) }
    if count < 0 {
      if errno == EINTR { continue }
      throw .unwritable(path: path, why: reason(errno))
    }
    offset += count
  }
}

/// Creates the folder at `path` and its parents. A folder that already exists is not a fault.
package func makeFolder(_ path: String) throws(FileFault) {
  if mkdir(path, 0o777) == 0 { return }
  if errno == ENOENT, path.contains("/") {
    try makeFolder(parentFolder(of: path))
    if mkdir(path, 0o777) == 0 { return }
  }
  let why = reason(errno)
  guard isFolder(path) else { throw .unwritable(path: path, why: why) }
}

/// The names of the entries of the folder at `path`, unordered; none if it is missing.
/// - Throws: `FileFault` if it cannot be read, or is not a folder.
package func folderContents(_ path: String) throws(FileFault) -> [String] {
  guard let folder = opendir(path) else {
    if errno == ENOENT { return [] }
    throw .unreadable(path: path, why: reason(errno))
  }
  closedir(folder)
  return (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
}

package func fileExists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

/// Whether `path` is a folder, or a link to one.
package func isFolder(_ path: String) -> Bool {
  var info = stat()
  return stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
}

/// The message of an error number, as `strerror` gives it.
package func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
