/// The records of a TensorBoard event file: framing, checksums, and the events of a run.
/// Field numbers are those of tensorboard/compat/proto/{event,summary,tensor}.proto.
import Files

enum TensorBoardEvent {
  /// The first records of a file: the format version, a session start, which makes TensorBoard discard the earlier
  /// files of this run, and the recipe as a text.
  static func head(time: Double, recipe: JSON) -> [UInt8] {
    record(time, 0) { $0.put(3, "brain.Event:2") }
      + record(time, 0) { $0.put(7) { $0.put(1, varint: 1) } }
      + record(time, 0) {
        $0.put(5) { $0.put(1) { text(&$0, "recipe/text_summary", "```json\n\(recipe.text())\n```") } }
      }
  }

  /// The values of a line as scalars `split/name`.
  static func scalars(_ line: LogLine) -> [UInt8] {
    let scalars: [(name: String, value: Double)] = line.values.compactMap { name, value in
      let key = name.split(separator: ".").last ?? ""
      return excludedKeys.contains(String(key)) ? nil : value.number.map { (name, $0) }
    }
    return record(line.time, line.step) {
      $0.put(5) { summary in
        for (name, value) in scalars {
          summary.put(1) {
            $0.put(1, "\(line.split)/\(name.replacing(".", with: "/"))")
            $0.put(2, Float(value))
          }
        }
      }
    }
  }

  /// Values that are constant, or are the axis of a curve.
  private static let excludedKeys: Set<String> = ["tokens", "seconds", "support"]

  private static func text(_ value: inout ProtobufMessage, _ tag: String, _ text: String) {
    value.put(1, tag)
    value.put(8) {
      $0.put(1, varint: 7)  // DT_STRING
      $0.put(2) { $0.put(2) { $0.put(1, varint: 1) } }
      $0.put(8, text)
    }
    value.put(9) { $0.put(1) { $0.put(1, "text") } }
  }

  /// A TFRecord: the length in 8 bytes, its checksum, the event, its checksum.
  private static func record(_ time: Double, _ step: Int, _ fill: (inout ProtobufMessage) -> Void) -> [UInt8] {
    var event = ProtobufMessage()
    event.put(1, time)
    if step != 0 { event.put(2, varint: UInt64(bitPattern: Int64(step))) }
    fill(&event)
    let length = littleEndian(UInt64(event.bytes.count))
    return length + littleEndian(maskedChecksum(length)) + event.bytes + littleEndian(maskedChecksum(event.bytes))
  }
}

/// TFRecord's masked CRC-32C: rotated, plus a constant.
private func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
  let sum = crc32c(bytes)
  return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
}

/// CRC-32C, the Castagnoli polynomial (RFC 3720, B.4).
func crc32c(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~0) { sum, byte in crcTable[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ (sum >> 8) }
}

private let crcTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
}
