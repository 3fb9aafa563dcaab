/// A protobuf message being written: the three kinds of fields that event files need.
/// Source: https://protobuf.dev/programming-guides/encoding/
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  /// An integer, a boolean or an enum.
  mutating func put(_ field: Int, varint value: UInt64) {
    append(varint: UInt64(field) << 3)
    append(varint: value)
  }

  mutating func put(_ field: Int, _ value: Double) { put(field, kind: 1, value.bitPattern) }
  mutating func put(_ field: Int, _ value: Float) { put(field, kind: 5, value.bitPattern) }

  mutating func put(_ field: Int, _ text: String) { put(field, Array(text.utf8)) }

  mutating func put(_ field: Int, _ fill: (inout ProtobufMessage) -> Void) {
    var inner = ProtobufMessage()
    fill(&inner)
    put(field, inner.bytes)
  }

  private mutating func put(_ field: Int, _ content: [UInt8]) {
    append(varint: UInt64(field) << 3 | 2)
    append(varint: UInt64(content.count))
    bytes += content
  }

  private mutating func put(_ field: Int, kind: UInt64, _ pattern: some FixedWidthInteger) {
    append(varint: UInt64(field) << 3 | kind)
    bytes += littleEndian(pattern)
  }

  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
