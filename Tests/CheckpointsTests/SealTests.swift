import Files
import Foundation
import TestSupport
import Testing

@testable import Checkpoints

@Test func `a sealed file is told from one with any bit turned, and from one that is cut short`() throws {
  let folder = TemporaryFolder(), path = folder.path + "/s.safetensors"
  let values: [Float] = [1, -2, .pi, 0], more: [Float] = [7]
  try values.withUnsafeBufferPointer { values in
    try more.withUnsafeBufferPointer { more in
      try writeSafetensorsWithChecksum(
        to: path, tensors: [("b", [2, 2], values), ("a", [1], more)], metadata: ["step": "12"])
    }
  }
  let file = try SafetensorsFile(path: path)
  #expect(file.hasValidChecksum && file.metadata["step"] == "12")
  #expect(try file.floats("b") == values)
  let whole = try readFile(path)
  for place in 0..<whole.count {
    var bytes = whole
    bytes[place] ^= 1 << (place % 8)
    try writeFile(bytes, to: path)
    // Blanks that fill the header up say nothing; one that became another blank would not be read.
    if let damaged = try? SafetensorsFile(path: path) { #expect(!damaged.hasValidChecksum, "byte \(place)") }
  }
  try writeFile(whole.prefix(whole.count - 4), to: path)
  #expect((try? SafetensorsFile(path: path))?.hasValidChecksum != true)
}

@Test func `a file that nobody sealed is not intact`() throws {
  let folder = TemporaryFolder(), path = folder.path + "/s.safetensors"
  try [Float(1)].withUnsafeBufferPointer { try writeSafetensors(to: path, tensors: [("a", [1], $0)]) }
  #expect(try !SafetensorsFile(path: path).hasValidChecksum)
}
