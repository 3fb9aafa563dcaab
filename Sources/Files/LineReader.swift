/// Reads lines as they arrive, from a file, a pipe or a terminal. Memory use does not grow with the input.
import Glibc

/// ```swift
/// let reader = try LineReader("notes.txt")
/// while case let lines = try reader.next(atMost: 512), !lines.isEmpty { … }
/// ```
package final class LineReader {
  package struct Line: Sendable {
    /// Counted from 1.
    package let number: Int
    package let file: String
    private let contents: Result<String, any Error>

    package init(number: Int, file: String, _ contents: Result<String, any Error>) {
      (self.number, self.file, self.contents) = (number, file, contents)
    }

    /// - Throws: what is wrong with the line: `FileFault` if it is not UTF-8, or too long.
    package func text() throws -> String { try contents.get() }
  }

  /// Bytes of a line, at most. A longer one is skipped.
  package static let maximumLineSize = 1 << 24
  /// Bytes of the lines that are returned together, unless the first one is longer.
  private static let maximumSize = 1 << 20

  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  /// The first byte of `buffer` that has not been returned, and the first that may be a newline.
  private var start = 0, scanned = 0
  private var number = 0
  private var isAtEnd = false, isTooLong = false, isFirst = true

  /// - Parameter path: a file, or "-" for standard input.
  package init(_ path: String) throws(FileFault) {
    self.path = path
    descriptor = path == "-" ? STDIN_FILENO : try openForReading(path)
  }

  deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

  /// The next lines; none at the end. Waits for the first line, and takes more only while input is there. CRLF ends a
  /// line like LF; a trailing newline adds no empty line, and a byte order mark is skipped.
  package func next(atMost count: Int) throws(FileFault) -> [Line] {
    var lines: [Line] = [], size = 0
    while lines.count < count, size < Self.maximumSize {
      if let (line, bytes) = takeLine() {
        lines.append(line)
        size += bytes
      } else if isAtEnd || !lines.isEmpty && !isInputWaiting {
        break
      } else {
        do throws(FileFault) { try fill() } catch {
          // The lines before a read error come first; the next call meets the error again.
          if lines.isEmpty { throw error }
          break
        }
      }
    }
    return lines
  }

  /// The next complete line and its size.
  private func takeLine() -> (Line, Int)? {
    var end = buffer.count
    if let newline = buffer[scanned...].firstIndex(of: 0x0A) {
      end = newline
    } else {
      scanned = buffer.count
      guard isAtEnd, start < buffer.count || isTooLong else { return nil }
    }
    number += 1
    let bytes = buffer[start..<end].last == 0x0D ? buffer[start..<end - 1] : buffer[start..<end]
    let line = Line(number: number, file: path, Result { try contents(bytes) })
    (start, scanned, isTooLong) = (min(end + 1, buffer.count), min(end + 1, buffer.count), false)
    return (line, bytes.count)
  }

  private func contents(_ bytes: ArraySlice<UInt8>) throws(FileFault) -> String {
    func fault(_ found: String, _ expected: String) -> FileFault {
      .malformed(file: path, line: number, found: found, expected: expected)
    }
    if isTooLong || bytes.count > Self.maximumLineSize { throw fault("more than 16 MiB", "a shorter line") }
    if number == 1, bytes.starts(with: [0x1F, 0x8B]) {
      throw fault("data compressed with gzip", "text, as from a pipe: zcat FILE | tune predict MODEL -")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw fault("bytes that are not UTF-8", "UTF-8") }
    return text
  }

  private var isInputWaiting: Bool {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) > 0
  }

  private func fill() throws(FileFault) {
    buffer.removeFirst(start)
    (start, scanned) = (0, scanned - start)
    if buffer.count > Self.maximumLineSize {
      isTooLong = true
      buffer.removeAll(keepingCapacity: true)
      scanned = 0
    }
    let size = buffer.count, chunk = 1 << 16
    buffer.append(contentsOf: repeatElement(0, count: chunk))
    let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + size, chunk) }
    let code = errno
    buffer.removeLast(chunk - max(count, 0))
    if count < 0, code != EINTR { throw .unreadable(path: path == "-" ? "standard input" : path, why: reason(code)) }
    if count == 0 { isAtEnd = true }
    if isFirst, count != 0, !buffer.isEmpty { try skipHeader() }
  }

  /// - Throws: `FileFault.incompleteDownload` if the file is a Git LFS pointer or a web page.
  private func skipHeader() throws(FileFault) {
    isFirst = false
    if path != "-" { try checkNoPointer(buffer, path: path) }
    if buffer.starts(with: [0xEF, 0xBB, 0xBF]) { buffer.removeFirst(3) }
  }
}
