/// Tests that damaged safetensors files are detected by their checksum.
import Files
import Foundation
import TestSupport
import Testing

@testable import Checkpoints

@Test func `any flipped bit and a truncation make the checksum invalid`() throws {
  let folder = TemporaryFolder(), path = folder.path + "/s.safetensors"
  let values: [Float] = [1, -2, .pi, 0], scale: [Float] = [7]
  try values.withUnsafeBufferPointer { values in
    try scale.withUnsafeBufferPointer { scale in
      try writeSafetensorsWithChecksum(
        to: path, tensors: [("b", [2, 2], values), ("a", [1], scale)], metadata: ["step": "12"])
    }
  }
  let file = try TensorFile(path: path)
  #expect(file.hasValidChecksum && file.metadata["step"] == "12")
  #expect(try file.floats("b") == values)
  let original = try readFile(path)
  for offset in 0..<original.count {
    var bytes = original
    bytes[offset] ^= 1 << (offset % 8)
    try writeFile(bytes, to: path)
    // The header's padding is not part of the checksum, but a flipped padding byte makes the header invalid.
    if let damaged = try? TensorFile(path: path) { #expect(!damaged.hasValidChecksum, "byte \(offset)") }
  }
  try writeFile(original.prefix(original.count - 4), to: path)
  #expect((try? TensorFile(path: path))?.hasValidChecksum != true)
}

@Test func `a file without a checksum is not valid`() throws {
  let folder = TemporaryFolder(), path = folder.path + "/s.safetensors"
  try [Float(1)].withUnsafeBufferPointer { try writeSafetensors(to: path, tensors: [("a", [1], $0)]) }
  #expect(try !TensorFile(path: path).hasValidChecksum)
}
