/// Writes metrics.jsonl: one line per event. A snapshot records the log's length, and a resumed run truncates it there.
import Files
import FoundationEssentials
import Glibc

struct RunLog {
  let path: String

  /// Appends a line, completely or not at all.
  func add(_ line: JSON) throws {
    try open { descriptor in
      let end = lseek(descriptor, 0, SEEK_END)
      do {
        try write(Data((line.text(pretty: false) + "\n").utf8).span.bytes, to: descriptor, path: path)
      } catch {
        ftruncate(descriptor, end)  // on a full disk a part of the line may have been written
        throw error
      }
    }
  }

  /// Syncs the file to disk, so that a snapshot never refers to lines that a power failure removes.
  /// - Returns: its length in bytes.
  func sync() throws -> Int {
    try open { descriptor in
      guard fsync(descriptor) == 0 else {
        throw FileFault.unwritable(path: path, why: reason(errno))
      }
      return Int(lseek(descriptor, 0, SEEK_END))
    }
  }

  /// Truncates the log to its first `bytes`; a resumed run logs the later events again.
  /// - Returns: false if the log is shorter than that, so that lines are missing. Its complete lines are kept.
  func truncate(to bytes: Int) throws -> Bool {
    let log = fileExists(path) ? try readFile(path, limit: .max) : Data()
    let isComplete = log.count >= bytes
    let length = isComplete ? bytes : log.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    try writeFile(Data(log.prefix(length)), to: path)
    return isComplete
  }

  private func open<Result>(_ body: (Int32) throws -> Result) throws -> Result {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileFault.unwritable(path: path, why: reason(errno)) }
    defer { close(descriptor) }
    return try body(descriptor)
  }
}
