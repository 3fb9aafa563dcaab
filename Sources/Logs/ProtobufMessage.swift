/// Encodes a protobuf message, with the wire types that event files need.
/// Source: https://protobuf.dev/programming-guides/encoding/
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  /// An integer, a boolean or an enum.
  mutating func put(_ field: Int, varint value: UInt64) {
    append(varint: UInt64(field) << 3)
    append(varint: value)
  }

  mutating func put(_ field: Int, _ value: Double) { put(field, wireType: 1, value.bitPattern) }
  mutating func put(_ field: Int, _ value: Float) { put(field, wireType: 5, value.bitPattern) }

  mutating func put(_ field: Int, _ text: String) { put(field, Array(text.utf8)) }

  /// A nested message.
  mutating func put(_ field: Int, _ fill: (inout ProtobufMessage) -> Void) {
    var message = ProtobufMessage()
    fill(&message)
    put(field, message.bytes)
  }

  private mutating func put(_ field: Int, _ content: [UInt8]) {
    append(varint: UInt64(field) << 3 | 2)
    append(varint: UInt64(content.count))
    bytes += content
  }

  private mutating func put(_ field: Int, wireType: UInt64, _ bits: some FixedWidthInteger) {
    append(varint: UInt64(field) << 3 | wireType)
    bytes += littleEndian(bits)
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
