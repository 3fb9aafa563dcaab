/// Appends to files that grow while a program runs. Keeps no file open: each call passes its bytes to the kernel, so
/// they survive the end of the program.
import Glibc

/// Appends `text` to the file at `path`, which is created if it is missing.
package func appendFile(_ text: String, to path: String) throws(FileFault) {
  try appendFile(Array(text.utf8), to: path)
}

package func appendFile(_ bytes: [UInt8], to path: String) throws(FileFault) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
  guard descriptor >= 0 else { throw .unwritable(path: path, why: reason(errno)) }
  defer { close(descriptor) }
  try write(bytes.span.bytes, to: descriptor, path: path)
}
