/// metrics.jsonl: a line an event, added as it happens. A snapshot knows how long it was, and a resumed run cuts it there.
import Files
import FoundationEssentials
import Glibc

struct RunLog {
  let path: String

  /// Adds a line, all of it or nothing.
  func add(_ line: JSON) throws {
    try open { descriptor in
      let end = lseek(descriptor, 0, SEEK_END)
      do {
        try write(Data((line.text(pretty: false) + "\n").utf8).span.bytes, to: descriptor, path: path)
      } catch {
        ftruncate(descriptor, end)  // a full disk takes the beginning of a line
        throw error
      }
    }
  }

  /// Its bytes so far, which from now on outlast a power cut: a snapshot must not know of lines that are not there.
  func sync() throws -> Int {
    try open { descriptor in
      guard fsync(descriptor) == 0 else {
        throw FileFault.unwritable(path: path, why: reason(errno))
      }
      return Int(lseek(descriptor, 0, SEEK_END))
    }
  }

  /// Leaves the first `bytes`: a resumed run logs again what came after.
  /// - Returns: false where there were not so many, and so lines of before are lost; whole lines stay.
  func cut(to bytes: Int) throws -> Bool {
    let there = fileExists(path) ? try readFile(path) : Data()
    let isWhole = there.count >= bytes
    let kept = isWhole ? there.prefix(bytes) : there.prefix(there.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
    try writeFile(Data(kept), to: path)
    return isWhole
  }

  private func open<Result>(_ body: (Int32) throws -> Result) throws -> Result {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileFault.unwritable(path: path, why: reason(errno)) }
    defer { close(descriptor) }
    return try body(descriptor)
  }
}
