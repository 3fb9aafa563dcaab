/// Splits chunks of bytes into lines, and lines into parts that fit in memory.
import Glibc

/// Lines may span any number of chunks. A carriage return is kept: it is white space.
struct LineSplitter {
  /// A line, or a part of one.
  struct Part {
    let bytes: UnsafeRawBufferPointer
    /// Counted from 1.
    let line: Int
    let startsLine, endsLine: Bool
  }

  /// The size of a part of a longer line, at most.
  static let maximumPartSize = 1 << 20

  /// The beginning of a line that continues in the next chunk.
  private var pending: [UInt8] = []
  private var line = 1
  private var startsLine = true

  mutating func split(_ chunk: UnsafeRawBufferPointer, _ body: (Part) throws -> Void) throws {
    var rest = chunk
    while let start = rest.baseAddress, let end = memchr(start, 0x0A, rest.count) {
      let length = start.distance(to: UnsafeRawPointer(end))
      let head = UnsafeRawBufferPointer(rebasing: rest[..<length])
      if pending.isEmpty {
        try pass(head, endsLine: true, body)
      } else {
        try collect(head, body)
        try passPending(pending.count, endsLine: true, body)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
    }
    try collect(rest, body)
  }

  /// Passes on the last line if it does not end with a newline.
  mutating func finish(_ body: (Part) throws -> Void) throws {
    if !pending.isEmpty { try passPending(pending.count, endsLine: true, body) }
  }

  /// Where lines are cut depends on their bytes only, not on the chunks.
  private mutating func collect(_ bytes: UnsafeRawBufferPointer, _ body: (Part) throws -> Void) throws {
    pending += bytes
    while pending.count > Self.maximumPartSize {
      try passPending(pending.withUnsafeBytes(cut), endsLine: false, body)
    }
  }

  private mutating func passPending(_ count: Int, endsLine: Bool, _ body: (Part) throws -> Void) throws {
    let bytes = pending
    pending.removeFirst(count)
    try bytes.withUnsafeBytes { try pass(UnsafeRawBufferPointer(rebasing: $0[..<count]), endsLine: endsLine, body) }
  }

  private mutating func pass(
    _ bytes: UnsafeRawBufferPointer, endsLine: Bool, _ body: (Part) throws -> Void
  ) throws {
    let part = Part(bytes: bytes, line: line, startsLine: startsLine, endsLine: endsLine)
    startsLine = endsLine
    if endsLine { line += 1 }
    try body(part)
  }
}

/// The number of bytes of the first part of a longer text: up to the white space before the last word that fits, which
/// then starts the next part, so that tokenizers find the same tokens as in the whole text. Text without white space is
/// cut between two code points.
func cut(_ text: UnsafeRawBufferPointer) -> Int {
  func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }
  let limit = LineSplitter.maximumPartSize
  if let index = (1..<limit).last(where: { isWhitespace(text[$0]) && !isWhitespace(text[$0 + 1]) }) { return index }
  return (limit - 3...limit).last { text[$0] & 0xC0 != 0x80 } ?? limit
}
