/// Builds valid and invalid safetensors files and reads them, for tests. Does not use the writer under test.
import Checkpoints
import Files
import FoundationEssentials
import Glibc
import Hashing
import TestSupport

let fixtures = #filePath.replacing("CheckpointsTests/SafetensorsFixtures.swift", with: "Fixtures/checkpoints/")

/// A file with a header and `values` zero bytes. `headerLength` replaces the correct length of the header.
func safetensors(_ header: [UInt8], values: Int = 0, headerLength: UInt64? = nil) -> Data {
  let length = withUnsafeBytes(of: (headerLength ?? UInt64(header.count)).littleEndian) { Array($0) }
  return Data(length + header + [UInt8](repeating: 0, count: values))
}

func safetensors(_ header: String, values: Int = 0, headerLength: UInt64? = nil) -> Data {
  safetensors(Array(header.utf8), values: values, headerLength: headerLength)
}

/// `{"name":{...}}` of one tensor.
func entry(_ name: String = "x", dtype: String = "\"F32\"", shape: String = "[2]", offsets: String = "[0,8]") -> String
{
  "\"\(name)\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)}"
}

/// Opens `data` as a file and reads every tensor; returns the fault, or nil if the file is valid. Throws an error if
/// the fault is of another type or does not name the file, or if a tensor has the wrong size.
func checkFile(_ data: Data, in folder: TemporaryFolder) throws -> CheckpointFault? {
  let path = folder.path + "/x.safetensors"
  try writeUnsynced(data, at: path)
  do {
    try readAll(Checkpoint(file: path))
    return nil
  } catch let fault as CheckpointFault {
    guard "\(fault)".hasPrefix(path) else { throw UnexpectedResult(description: "\(fault)") }
    return fault
  }
}

/// Writes a new file without syncing it, which takes `writeFile` and Foundation's `write(to:)` milliseconds.
func writeUnsynced(_ data: Data, at path: String) throws {
  unlink(path)
  let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
  defer { close(descriptor) }
  try write(data.span.bytes, to: descriptor, path: path)
}

struct UnexpectedResult: Error { let description: String }

/// Reads every byte of every tensor.
func readAll(_ checkpoint: Checkpoint) throws {
  for name in checkpoint.names {
    let info = try checkpoint.info(name)
    let sum = try checkpoint.bytes(name).reduce(0) { $0 &+ Int($1) }
    guard info.count == info.shape.reduce(1, *), sum >= 0 else {
      throw UnexpectedResult(description: "\(name): \(info)")
    }
    if info.dtype.isFloat {
      guard try checkpoint.floats(name).count == info.count else {
        throw UnexpectedResult(description: "\(name): \(info)")
      }
    }
  }
}

extension Data {
  /// Damaged in one to three ways: truncated, a bit flipped, a byte overwritten, bytes inserted, or a number replaced.
  func damaged(by generator: inout SplitMix64) -> Data {
    var bytes = Array(self)
    for _ in 0..<Int.random(in: 1...3, using: &generator) where bytes.count > 1 {
      let offset = Int.random(in: 0..<bytes.count, using: &generator)
      switch Int.random(in: 0..<7, using: &generator) {
      case 0: bytes.removeSubrange(offset...)
      case 1: bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2: bytes[offset] = UInt8.random(in: 0...255, using: &generator)
      case 3: bytes.insert(contentsOf: bytes[..<Swift.min(offset, 64)], at: offset)
      case 4:
        bytes[Int.random(in: 0..<Swift.min(8, bytes.count), using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      default: bytes.replaceNumber(after: offset, by: &generator)
      }
    }
    return Data(bytes)
  }
}

extension [UInt8] {
  fileprivate mutating func replaceNumber(after start: Int, by generator: inout SplitMix64) {
    let isDigit = { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard let first = self[start...].firstIndex(where: isDigit) else { return }
    let last = self[first...].firstIndex { !isDigit($0) } ?? count
    let replacements = [
      "0", "1", "-1", "2", "4", "8", "12", "24", "1.0", "1e3", "4294967296", "9223372036854775807",
      "9223372036854775808", "18446744073709551616", "null", "[]", "\"8\"", "00",
    ]
    replaceSubrange(first..<last, with: Array((replacements.randomElement(using: &generator) ?? "0").utf8))
  }
}
