/// Reading whole files, and writing them so that a reader never sees half of one.
/// Every fault bears the kernel's own reason. Paths are relative to the working directory.
public import FoundationEssentials
import Glibc

/// The bytes of the file at `path`. Pipes and devices are read to their end.
public func readFile(_ path: String) throws(FileFault) -> Data {
  let descriptor = try openForReading(path)
  defer { close(descriptor) }
  var facts = stat()
  guard fstat(descriptor, &facts) == 0 else { throw .unreadable(path: path, why: reason(errno)) }
  // One byte more than the size, so that the end is seen without growing.
  var data = Data(count: max(Int(facts.st_size), 1 << 16) + 1)
  var done = 0
  while true {
    if done == data.count { data.count *= 2 }
    let got = data.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + done, $0.count - done) }
    if got == 0 { break }
    if got > 0 {
      done += got
    } else if errno != EINTR {
      throw .unreadable(path: path, why: reason(errno))
    }
  }
  data.count = done
  return data
}

/// A descriptor of the file at `path`, which the caller closes.
func openForReading(_ path: String) throws(FileFault) -> Int32 {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw errno == ENOENT ? .missing(path: path) : .unreadable(path: path, why: reason(errno))
  }
  return descriptor
}

/// The text of the file at `path`; bytes that are not UTF-8 are a fault.
public func readText(_ path: String) throws(FileFault) -> String {
  guard let text = String(data: try readFile(path), encoding: .utf8) else {
    throw .malformed(file: path, line: nil, found: "bytes that are not UTF-8", expected: "UTF-8 text")
  }
  return text
}

/// Writes `data` to a temporary file beside `path`, syncs it, and renames it into place.
public func writeFile(_ data: Data, to path: String) throws(FileFault) {
  try replaceFile(at: path) { (descriptor) throws(FileFault) in
    try write(data.span.bytes, to: descriptor, path: path)
  }
}

public func writeFile(_ text: String, to path: String) throws(FileFault) {
  try writeFile(Data(text.utf8), to: path)
}

/// Opens a temporary file beside `path`, lets `body` fill it, syncs and renames it; on any fault it is removed.
/// The temporary name is a fresh one, so two writers of one path do not meet: the last to finish wins.
public func replaceFile(at path: String, _ body: (Int32) throws(FileFault) -> Void) throws(FileFault) {
  let temporary = "\(path).tmp-\(String(UInt64.random(in: 0...(.max)), radix: 36))"
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

/// Makes the name at `path`, new or gone, outlast a power cut. Some file systems cannot, and then nobody can.
public func syncFolder(of path: String) {
  let descriptor = open(parentFolder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { return }
  fsync(descriptor)
  close(descriptor)
}

/// Bytes that are free for this user on the disk of `path`, or of the folder that is to hold it; nil: nobody knows.
public func freeSpace(at path: String) -> Int? {
  var facts = statvfs()
  if statvfs(path, &facts) == 0 { return Int(facts.f_bavail) * Int(facts.f_frsize) }
  guard errno == ENOENT, path != ".", path != "/" else { return nil }
  return freeSpace(at: parentFolder(of: path))
}

/// Writes every byte, however many calls the kernel wants for it.
public func write(_ bytes: RawSpan, to descriptor: Int32, path: String) throws(FileFault) {
  var done = 0
  while done < bytes.byteCount {
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
    if written < 0 {
      if errno == EINTR { continue }
      throw .unwritable(path: path, why: reason(errno))
    }
    done += written
  }
}

/// Makes the folder at `path` and its parents; one that is already there is no fault.
public func makeFolder(_ path: String) throws(FileFault) {
  if mkdir(path, 0o777) == 0 { return }
  if errno == ENOENT, path.contains("/") {
    try makeFolder(parentFolder(of: path))
    if mkdir(path, 0o777) == 0 { return }
  }
  let why = reason(errno)
  guard isFolder(path) else { throw .unwritable(path: path, why: why) }
}

public func fileExists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

/// Whether there is a folder at `path`, or a link to one.
public func isFolder(_ path: String) -> Bool {
  var facts = stat()
  return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
}

/// The kernel's words for an error number.
public func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
