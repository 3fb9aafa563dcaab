/// A lock on a file, for as long as the object lives; the kernel releases it when the program ends, however it ends.
import Glibc

package final class FileLock {
  package let descriptor: Int32

  /// Locks the file at `path`, which is created if it is missing; nil: another program has locked it.
  package init?(_ path: String) throws(FileFault) {
    descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .unwritable(path: path, why: reason(errno)) }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
    if errno == EWOULDBLOCK { return nil }
    throw .unwritable(path: path, why: reason(errno))
  }

  deinit { close(descriptor) }
}
