/// Reading whole files, and writing them so that a reader never sees half of one.
public import FoundationEssentials
import Glibc

/// The bytes of the file at `path`.
public func readFile(_ path: String) throws(FileFault) -> Data {
  guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
  do {
    return try Data(contentsOf: URL(filePath: path))
  } catch {
    throw .unreadable(path: path, why: reason(errno))
  }
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
public func replaceFile(at path: String, _ body: (Int32) throws(FileFault) -> Void) throws(FileFault) {
  let temporary = "\(path).tmp-\(getpid())"
  let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
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

/// Makes the folder at `path` and its parents.
public func makeFolder(_ path: String) throws(FileFault) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw .unwritable(path: path, why: reason(errno))
  }
}

public func fileExists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

private func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
