/// Tests that tensors are copied unchanged, of some only selected rows.
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Checkpoints

struct TensorCopyTests {
  let folder = TemporaryFolder()
  private var path: String { folder.path + "/out.safetensors" }

  @Test(arguments: ["mixed", "others", "f16", "bf16"])
  func `a copy of all rows has the bytes of Python's file`(_ name: String) throws {
    let file = fixture("checkpoints/\(name).safetensors")
    try Checkpoint(file: file).copy(to: path, rows: [:], metadata: TensorFile(path: file).metadata)
    #expect(try readFile(path) == readFile(file))
  }

  @Test func `selected rows are copied in the given order in every dtype, other tensors unchanged`() throws {
    let checkpoint = try Checkpoint(file: fixture("checkpoints/mixed.safetensors"))
    let rows = Dictionary(uniqueKeysWithValues: checkpoint.names.filter { $0 != "F16" }.map { ($0, [2, 0]) })
    try checkpoint.copy(to: path, rows: rows)
    let copy = try Checkpoint(file: path)
    #expect(copy.names == checkpoint.names)
    for name in checkpoint.names {
      let (size, old, new) = (try copy.info(name).dtype.bits / 8, try checkpoint.bytes(name), try copy.bytes(name))
      #expect(try copy.info(name).dtype == checkpoint.info(name).dtype)
      #expect(Array(new) == (name == "F16" ? Array(old) : Array(old[(2 * size)...]) + Array(old[..<size])), "\(name)")
    }
    #expect(try TensorFile(path: path).metadata == ["format": "pt"])
  }

  @Test func `rows of packed elements are not copied`() throws {
    let file = fixture("checkpoints/six-bits.safetensors")
    #expect(throws: CheckpointFault.notFloats(file: file, tensor: "F6_E2M3", dtype: .f6E2M3)) {
      try Checkpoint(file: file).copy(to: path, rows: ["F6_E2M3": [1]])
    }
  }

  @Test func `more rows of a matrix than one chunk are copied`() throws {
    let floats = (0..<15_000).map { Float($0) }
    try floats.withUnsafeBufferPointer {
      try writeSafetensors(to: path, tensors: [(name: "w", shape: [5000, 3], floats: $0)])
    }
    let rows = (0..<3000).map { ($0 * 7) % 5000 }
    let copy = folder.path + "/rows.safetensors"
    try Checkpoint(file: path).copy(to: copy, rows: ["w": rows])
    #expect(try Checkpoint(file: copy).info("w").shape == [3000, 3])
    #expect(try Checkpoint(file: copy).floats("w") == rows.flatMap { row in (0..<3).map { Float(3 * row + $0) } })
  }

  @Test func `rows of a missing tensor are a fault`() throws {
    let checkpoint = try Checkpoint(file: fixture("checkpoints/mixed.safetensors"))
    #expect(throws: CheckpointFault.self) { try checkpoint.copy(to: path, rows: ["nothing": [0]]) }
    #expect(folder.contents == [])
  }
}
