/// Reads an event file as TensorBoard does, with checksums. Shares no code with the writer under test.
struct EventReader {
  struct Event: Equatable {
    var time = 0.0
    var step = 0
    var scalars: [String: Float] = [:]
    var texts: [String: String] = [:]
  }

  enum Fault: Error { case short, length, content, wireType }

  static func read(_ bytes: [UInt8]) throws -> [Event] {
    var rest = bytes[...], events: [Event] = []
    while !rest.isEmpty {
      let head = try take(8, &rest)
      guard number(try take(4, &rest)) == masked(head) else { throw Fault.length }
      let body = try take(Int(number(head)), &rest)
      guard number(try take(4, &rest)) == masked(body) else { throw Fault.content }
      events.append(try event(body))
    }
    return events
  }

  private static func event(_ bytes: ArraySlice<UInt8>) throws -> Event {
    var event = Event()
    for (field, value) in try fields(bytes) {
      switch field {
      case 1: event.time = Double(bitPattern: number(value))
      case 2: event.step = Int(number(value))
      case 5:
        for (_, value) in try fields(value) {
          let members = try fields(value), tag = String(decoding: members[0].1, as: UTF8.self)
          for (field, content) in members.dropFirst() {
            if field == 2 { event.scalars[tag] = Float(bitPattern: UInt32(number(content))) }
            if field == 8, let text = try fields(content).last?.1 {
              event.texts[tag] = String(decoding: text, as: UTF8.self)
            }
          }
        }
      default: break
      }
    }
    return event
  }

  /// Field numbers with their bytes; a varint has eight bytes, as a fixed-width integer.
  private static func fields(_ bytes: ArraySlice<UInt8>) throws -> [(Int, ArraySlice<UInt8>)] {
    var rest = bytes, fields: [(Int, ArraySlice<UInt8>)] = []
    while !rest.isEmpty {
      let key = try varint(&rest)
      let content: ArraySlice<UInt8> =
        switch key & 7 {
        case 0: ArraySlice(withUnsafeBytes(of: try varint(&rest).littleEndian) { Array($0) })
        case 1: try take(8, &rest)
        case 2: try take(Int(try varint(&rest)), &rest)
        case 5: try take(4, &rest)
        default: throw Fault.wireType
        }
      fields.append((Int(key >> 3), content))
    }
    return fields
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
    var value: UInt64 = 0, shift: UInt64 = 0
    while let byte = rest.popFirst() {
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw Fault.short
  }

  private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
    guard rest.count >= count else { throw Fault.short }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Computed bit by bit, so that an error in the writer's table cannot be repeated here.
  private static func masked(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    var sum: UInt32 = ~0
    for byte in bytes {
      for bit in 0..<8 {
        let flips = (sum ^ UInt32(byte >> bit)) & 1 == 1
        sum = sum >> 1 ^ (flips ? 0x82F6_3B78 : 0)
      }
    }
    sum = ~sum
    return UInt64((sum >> 15 | sum << 17) &+ 0xA282_EAD8)
  }
}
