/// An unnamed temporary file for data that is too large for memory: it is appended to, then mapped. Its disk space is
/// freed when the last reference is released, and also when the program is killed.
import Glibc

/// Not Sendable: a file has one writer.
package final class ScratchFile {
  private let descriptor: Int32
  private let folder: String
  private var size = 0

  /// - Parameter folder: default: `TMPDIR`, else /var/tmp, which is on a disk; /tmp may be in memory.
  package init(in folder: String? = nil) throws(FileFault) {
    self.folder = folder ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp"
    descriptor = openUnnamedFile(in: self.folder)
    guard descriptor >= 0 else { throw .scratch(folder: self.folder, why: reason(errno)) }
  }

  deinit { close(descriptor) }

  package func append<Value: BitwiseCopyable>(_ values: [Value]) throws(FileFault) {
    do throws(FileFault) {
      try write(values.span.bytes, to: descriptor, path: folder)
    } catch {
      guard case .unwritable(_, let why) = error else { throw error }
      throw .scratch(folder: folder, why: why)
    }
    size += values.count * MemoryLayout<Value>.stride
  }

  /// Maps the bytes written so far. They are never changed, and no other program can open the unnamed file.
  package func map() throws(FileFault) -> MappedFile {
    guard let bytes = mapBytes(of: descriptor, count: size) else {
      throw .scratch(folder: folder, why: reason(errno))
    }
    return MappedFile(bytes)
  }
}
