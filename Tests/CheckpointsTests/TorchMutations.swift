/// Damages files of torch.save so that the damage reaches every reader: opcodes of the pickle with checksums made right
/// again, fields of the zip archive, counts of the legacy stream, and any bytes.
import Files
import FoundationEssentials
import Hashing

@testable import Checkpoints

struct TorchMutations {
  private let original: Data
  /// The archive's entries in their order; empty for a legacy stream.
  private let entries: [(name: String, data: [UInt8])]
  private var generator: SplitMix64

  init(path: String, seed: UInt64) throws {
    let original = try readFile(path)
    self.original = original
    generator = SplitMix64(seed: seed)
    guard original.starts(with: Data("PK".utf8)) else {
      entries = []
      return
    }
    // Of the mapped file, whose pages it may release.
    let map = try MappedFile(path: path), directory = try ZipDirectory(map.bytes)
    entries = directory.entries.values.sorted { $0.bytes.lowerBound < $1.bytes.lowerBound }
      .map { ($0.name, Array(original[$0.bytes])) }
  }

  mutating func next() -> Data {
    if entries.isEmpty {
      return oneIn(4) ? original.damaged(by: &generator) : Data(damagedPickle(Array(original), from: 15))
    }
    switch pick(8) {
    case 0: return original.damaged(by: &generator)
    case 1, 2: return Data(damagedFields(Array(original)))
    default:
      let changed = entries.map { entry in
        (entry.name, entry.name.hasSuffix("data.pkl") ? damagedPickle(entry.data, from: 2) : entry.data)
      }
      let archive = zip(oneIn(6) ? changed.filter { _ in !oneIn(4) } : changed)
      return Data(oneIn(8) ? damagedFields(archive) : archive)
    }
  }

  private mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &generator) }
  private mutating func oneIn(_ count: Int) -> Bool { pick(count) == 0 }

  private static let numbers: [UInt64] = [
    0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 40, 1 << 62,
    UInt64(Int64.max), 1 << 63, .max,
  ]

  /// Replaces a little-endian number of 2, 4 or 8 bytes in the records of a zip archive.
  private mutating func damagedFields(_ archive: [UInt8]) -> [UInt8] {
    var archive = archive
    let starts = archive.indices.dropLast(4).filter { archive[$0] == 0x50 && archive[$0 + 1] == 0x4B }
    for _ in 0...pick(3) {
      guard let start = starts.randomElement(using: &generator) else { break }
      let size = [2, 4, 8][pick(3)], offset = start + pick(56)
      if offset + size <= archive.count { replace(&archive, offset, size) }
    }
    return archive
  }

  private mutating func replace(_ bytes: inout [UInt8], _ offset: Int, _ size: Int) {
    let value = Self.numbers[pick(Self.numbers.count)]
    for index in 0..<size { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  /// Damages whole opcodes: other operands, other opcodes, repeated, removed and moved parts, and hostile ones.
  private mutating func damagedPickle(_ pickle: [UInt8], from start: Int) -> [UInt8] {
    var pickle = pickle
    for _ in 0...pick(3) {
      let tokens = Self.tokens(pickle, from: start)
      guard let token = tokens.randomElement(using: &generator), let other = tokens.randomElement(using: &generator)
      else { break }
      switch pick(8) {
      case 0: pickle.removeSubrange(token)
      case 1: pickle.insert(contentsOf: pickle[other], at: token.lowerBound)
      case 2: pickle.replaceSubrange(token, with: Array(pickle[other]))
      case 3 where token.count > 1: replace(&pickle, token.lowerBound + 1, min(token.count - 1, 8))
      case 4:
        let number = UInt8(truncatingIfNeeded: Self.numbers[pick(Self.numbers.count)])
        pickle.replaceSubrange(token, with: [UInt8(ascii: "K"), number])
      case 5: pickle[token.lowerBound] = opcodes[pick(opcodes.count)]
      case 6:
        let part = min(token.lowerBound, other.lowerBound)..<max(token.upperBound, other.upperBound)
        let repeated = [[UInt8]](repeating: Array(pickle[part]), count: 1 + pick(40)).joined()
        if repeated.count < 1 << 16 { pickle.insert(contentsOf: repeated, at: token.lowerBound) }
      default: pickle.insert(contentsOf: hostile[pick(hostile.count)], at: token.lowerBound)
      }
    }
    return pickle
  }

  /// The ranges of the opcodes with their operands, as far as they can be followed.
  private static func tokens(_ pickle: [UInt8], from start: Int) -> [Range<Int>] {
    var tokens: [Range<Int>] = [], position = start
    while position < pickle.count {
      let rest = pickle[(position + 1)...]
      let operand: Int
      switch pickle[position] {
      case 0x80, 0x4B, 0x71, 0x68: operand = 1
      case 0x4D: operand = 2
      case 0x4A, 0x72, 0x6A: operand = 4
      case 0x47: operand = 8
      case 0x8A, 0x55: operand = 1 + Int(rest.first ?? 0)
      case 0x58, 0x54: operand = 4 + rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      case 0x63:
        let ends = rest.indices.lazy.filter { rest[$0] == 0x0A }.prefix(2)
        operand = (ends.last ?? position) - position
      default: operand = 0
      }
      guard operand < pickle.count - position else { break }
      tokens.append(position..<position + 1 + operand)
      position += 1 + operand
    }
    return tokens
  }
}

private let opcodes = Array("N.(cRbQqrhjJKMXUTG)]}taesu".utf8) + [0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x8A, 0x93, 0x95]

/// Parts of pickles that ask for code, or for much memory or time.
private let hostile: [[UInt8]] = [
  Array("cposix\nsystem\n".utf8) + [0x58, 1, 0, 0, 0, 0x78, 0x85, 0x52], Array("c__builtin__\neval\n".utf8),
  Array("ccollections\nOrderedDict\n)R".utf8), Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8),
  [UInt8](repeating: UInt8(ascii: "}"), count: 20_000), [UInt8](repeating: UInt8(ascii: "("), count: 20_000),
  [UInt8](repeating: 0x85, count: 20_000), [0x5D, 0x71, 0xFE, 0x68, 0xFE, 0x61],
  [0x7D, 0x71, 0xFD, 0x4B, 1, 0x68, 0xFD, 0x73],
  [0x58, 0xFF, 0xFF, 0xFF, 0xFF], [0x8A, 0xFF], [0x4A, 0xFF, 0xFF, 0xFF, 0xFF], [0x8A, 8, 0, 0, 0, 0, 0, 0, 0, 0x40],
  [UInt8](
    [[UInt8]](
      repeating: [0x5D, 0x71, 0xFC] + [UInt8]([[UInt8]](repeating: [0x68, 0xFC], count: 500).joined()), count: 20
    ).joined()),
]

/// A zip archive of stored entries.
private func zip(_ entries: [(name: String, data: [UInt8])]) -> [UInt8] {
  func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
  var archive: [UInt8] = [], directory: [UInt8] = []
  for (name, data) in entries {
    let sum = Int(data.withUnsafeBytes { crc32($0) }), name = Array(name.utf8)
    let fields = number(0, 8) + number(sum, 4) + number(data.count, 4) + number(data.count, 4) + number(name.count, 2)
    let start = archive.count
    archive += number(0x0403_4B50, 4) + number(20, 2) + fields + number(0, 2) + name + data
    directory +=
      number(0x0201_4B50, 4) + number(20, 2) + number(20, 2) + fields + number(0, 12) + number(start, 4) + name
  }
  let count = number(entries.count, 2)
  return archive + directory + number(0x0605_4B50, 4) + number(0, 4) + count + count + number(directory.count, 4)
    + number(archive.count, 4) + number(0, 2)
}
