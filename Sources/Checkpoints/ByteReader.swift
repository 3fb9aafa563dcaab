/// Reads little-endian numbers and byte strings of a file one after the other, and never beyond its end.

struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int

  /// - Parameter offset: any number; reading from one outside the bytes is a fault.
  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) { (self.bytes, self.offset) = (bytes, offset) }

  mutating func take(_ count: Int) throws(TorchFault) -> UnsafeRawBufferPointer {
    guard offset >= 0, offset <= bytes.count, count >= 0, count <= bytes.count - offset else {
      throw .truncated(at: offset, count: count, size: bytes.count)
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  mutating func next<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) throws(TorchFault) -> Number {
    Number(littleEndian: try take(MemoryLayout<Number>.size).loadUnaligned(as: type))
  }

  mutating func next(_ type: UInt16.Type) throws(TorchFault) -> Int { Int(try next(type) as UInt16) }
  mutating func next(_ type: UInt32.Type) throws(TorchFault) -> Int { Int(try next(type) as UInt32) }

  mutating func text(_ count: Int) throws(TorchFault) -> String {
    let start = offset
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw .pickle(at: start, found: "a text that is not UTF-8", expected: "UTF-8")
    }
    return text
  }

  /// The text up to the next line feed, which is skipped.
  mutating func line() throws(TorchFault) -> String {
    let longest = bytes.suffix(from: min(offset, bytes.count)).prefix(1 << 10)
    guard let end = longest.firstIndex(of: UInt8(ascii: "\n")) else {
      throw .pickle(at: offset, found: "no end of a line", expected: "a name of at most 1024 bytes")
    }
    defer { offset = end + 1 }
    return try text(end - offset)
  }
}
