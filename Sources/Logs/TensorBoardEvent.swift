/// The records of a TensorBoard event file: framing, checksums, and the few events that a run has.
/// Field numbers are those of tensorboard/compat/proto/{event,summary,tensor}.proto.
import Files

enum TensorBoardEvent {
  /// What every file begins with. The second event tells a TensorBoard that has seen an earlier file of this run to
  /// forget it.
  static func head(time: Double, recipe: JSON) -> [UInt8] {
    record(time, 0) { $0.put(3, "brain.Event:2") }
      + record(time, 0) { $0.put(7) { $0.put(1, varint: 1) } }
      + record(time, 0) {
        $0.put(5) { $0.put(1) { text(&$0, "recipe/text_summary", "```json\n\(recipe.text())\n```") } }
      }
  }

  /// The figures of a line as scalars `part/name`.
  static func scalars(_ line: LogLine) -> [UInt8] {
    let shown: [(name: String, value: Double)] = line.values.compactMap { name, value in
      let last = name.split(separator: ".").last ?? ""
      return excludedKeys.contains(String(last)) ? nil : value.number.map { (name, $0) }
    }
    return record(line.time, line.step) {
      $0.put(5) { summary in
        for (name, value) in shown {
          summary.put(1) {
            $0.put(1, "\(line.part)/\(name.replacing(".", with: "/"))")
            $0.put(2, Float(value))
          }
        }
      }
    }
  }

  /// What is no curve, or is the axis of one.
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

  /// length (8 bytes), its checksum, the event, its checksum: TFRecord.
  private static func record(_ time: Double, _ step: Int, _ what: (inout ProtobufMessage) -> Void) -> [UInt8] {
    var event = ProtobufMessage()
    event.put(1, time)
    if step != 0 { event.put(2, varint: UInt64(bitPattern: Int64(step))) }
    what(&event)
    let length = littleEndian(UInt64(event.bytes.count))
    return length + littleEndian(maskedChecksum(length)) + event.bytes + littleEndian(maskedChecksum(event.bytes))
  }
}

/// CRC-32C as TFRecord has it: turned, and moved by a constant.
private func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
  let sum = crc32c(bytes)
  return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
}

/// Castagnoli's cyclic redundancy check (RFC 3720, B.4).
func crc32c(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~0) { sum, byte in crcTable[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ (sum >> 8) }
}

private let crcTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
}
