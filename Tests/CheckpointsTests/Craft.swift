/// Builds safetensors files, honest and lying, and says what a reader answers. Does not use the writer under test.
import Checkpoints
import Files
import FoundationEssentials
import Glibc
import Hashing
import TestSupport

let fixtures = #filePath.replacing("CheckpointsTests/Craft.swift", with: "Fixtures/checkpoints/")

/// A file of a header and so many zero bytes of values; `claim` is the header's length if it is to lie.
func craft(_ header: [UInt8], values: Int = 0, claim: UInt64? = nil) -> Data {
  let length = withUnsafeBytes(of: (claim ?? UInt64(header.count)).littleEndian) { Array($0) }
  return Data(length + header + [UInt8](repeating: 0, count: values))
}

func craft(_ header: String, values: Int = 0, claim: UInt64? = nil) -> Data {
  craft(Array(header.utf8), values: values, claim: claim)
}

/// `{"name":{...}}` of one tensor.
func entry(_ name: String = "x", dtype: String = "\"F32\"", shape: String = "[2]", offsets: String = "[0,8]") -> String
{
  "\"\(name)\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}"
}

/// Opens `data` as a file and reads every tensor in it; nil when nothing is wrong.
/// A fault must be one of ours and name the file, a load must be of tensors that lie within the file.
func verdict(_ data: Data, in folder: TemporaryFolder) throws -> CheckpointFault? {
  let path = folder.path + "/x.safetensors"
  try put(data, at: path)
  do {
    try readAll(Checkpoint(file: path))
    return nil
  } catch let fault as CheckpointFault {
    guard "\(fault)".hasPrefix(path) else { throw Unclear(fault: "\(fault)") }
    return fault
  }
}

/// Writes a fresh file without syncing it, which `writeFile` and Foundation's `write(to:)` do: milliseconds each.
func put(_ data: Data, at path: String) throws {
  unlink(path)
  let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
  defer { close(descriptor) }
  try write(data.span.bytes, to: descriptor, path: path)
}

struct Unclear: Error { let fault: String }

/// Touches every byte of every tensor.
func readAll(_ checkpoint: Checkpoint) throws {
  for name in checkpoint.names {
    let info = try checkpoint.info(name)
    let sum = try checkpoint.bytes(name).reduce(0) { $0 &+ Int($1) }
    guard info.count == info.shape.reduce(1, *), sum >= 0 else { throw Unclear(fault: "\(name): \(info)") }
    if info.dtype.isFloat {
      guard try checkpoint.floats(name).count == info.count else { throw Unclear(fault: "\(name): \(info)") }
    }
  }
}

extension Data {
  /// Damaged in one to three places: cut, flipped, overwritten, spliced, or with another number where one stood.
  func damaged(by chance: inout SplitMix64) -> Data {
    var bytes = Array(self)
    for _ in 0..<Int.random(in: 1...3, using: &chance) where bytes.count > 1 {
      let at = Int.random(in: 0..<bytes.count, using: &chance)
      switch Int.random(in: 0..<7, using: &chance) {
      case 0: bytes.removeSubrange(at...)
      case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
      case 2: bytes[at] = UInt8.random(in: 0...255, using: &chance)
      case 3: bytes.insert(contentsOf: bytes[..<Swift.min(at, 64)], at: at)
      case 4:
        bytes[Int.random(in: 0..<Swift.min(8, bytes.count), using: &chance)] = UInt8.random(in: 0...255, using: &chance)
      default: bytes.replaceNumber(after: at, by: &chance)
      }
    }
    return Data(bytes)
  }
}

extension [UInt8] {
  fileprivate mutating func replaceNumber(after start: Int, by chance: inout SplitMix64) {
    let isDigit = { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard let first = self[start...].firstIndex(where: isDigit) else { return }
    let last = self[first...].firstIndex { !isDigit($0) } ?? count
    let lies = [
      "0", "1", "-1", "2", "4", "8", "12", "24", "1.0", "1e3", "4294967296", "9223372036854775807",
      "9223372036854775808", "18446744073709551616", "null", "[]", "\"8\"", "00",
    ]
    replaceSubrange(first..<last, with: Array((lies.randomElement(using: &chance) ?? "0").utf8))
  }
}
