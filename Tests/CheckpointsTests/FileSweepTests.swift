/// Tests the sweep over weights: digests and the search for NaN do not depend on threads, and every dtype is searched.
import FoundationEssentials
import Hashing
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct FileSweepTests {
  let folder = TemporaryFolder()
  private var path: String { folder.path + "/model.safetensors" }

  /// Bits of 1, and of values that are NaN or infinite, or would be as Float32.
  private static let bits: [(dtype: DType, one: UInt64, bad: [UInt64], good: [UInt64])] = [
    (.f16, 0x3C00, [0x7C00, 0xFC00, 0x7E00, 0x7C01], [0x7BFF, 0xFBFF, 1]),
    (.bf16, 0x3F80, [0x7F80, 0xFF80, 0x7FC0, 0x7F81], [0x7F7F, 0xFF7F, 1]),
    (.f32, 0x3F80_0000, [0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7F80_0001], [0x7F7F_FFFF, 0xFF7F_FFFF, 1]),
    (
      .f64, 0x3FF0_0000_0000_0000, [0x7FF0_0000_0000_0000, 0xFFF8_0000_0000_0000, 0x47EF_FFFF_F000_0000],
      [0x47EF_FFFF_EFFF_FFFF, 0xC7EF_FFFF_E000_0000, 1]
    ),
  ]

  /// A file with the tensor "b" of ones, but for `value` at `index`, between the small tensors "a" and "c".
  private func write(_ dtype: DType, count: Int, one: UInt64, _ value: UInt64, at index: Int) throws {
    let size = dtype.bits / 8, values = (0..<count).map { $0 == index ? value : one }
    let bytes = values.flatMap { value in (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let range = "[3,\(3 + bytes.count)]", end = 3 + bytes.count
    let header = [
      entry("a", dtype: "\"U8\"", shape: "[3]", offsets: "[0,3]"),
      entry("b", dtype: "\"\(dtype.rawValue)\"", shape: "[\(count / 2),2]", offsets: range),
      entry("c", dtype: "\"F8_E4M3\"", shape: "[1]", offsets: "[\(end),\(end + 1)]"),
    ].joined(separator: ",")
    try writeUnsynced(safetensors("{\(header)}") + Data([255, 255, 255] + bytes + [0x7F]), at: path)
  }

  @Test func `NaN and infinity are found in every format, at any position and address`() throws {
    for (dtype, one, bad, good) in Self.bits {
      for count in [2, 64, 5000] {
        for index in [0, count / 2, count - 1] {
          for value in bad {
            try write(dtype, count: count, one: one, value, at: index)
            let checkpoint = try Checkpoint(file: path)
            let fault = #expect(throws: CheckpointFault.self) { try checkpoint.checkFinite(["a", "b", "c"]) }
            guard case .notFinite(path, "b", _, [index / 2, index % 2])? = fault else {
              Issue.record("\(dtype), \(count), \(index): \(String(describing: fault))")
              continue
            }
            #expect(checkpoint.damagedTensors.map(\.name) == ["b"])
            try checkpoint.checkFinite(["a", "c"])
          }
          for value in good {
            try write(dtype, count: count, one: one, value, at: index)
            try Checkpoint(file: path).checkFinite(["a", "b", "c"])
          }
        }
      }
    }
  }

  @Test(arguments: [1, 2, 7]) func `threads change neither digests nor the tensor found`(_ threads: Int) throws {
    var generator = SplitMix64(seed: 3), expected = ""
    let files = try (1...5).map { file in
      let tensors = (0..<9).map { ("t\($0)", (0..<20_000).map { _ in Float.random(in: -1...1, using: &generator) }) }
      var values = tensors.map(\.1)
      if file == 4 { (values[7][19_999], values[3][5], values[8][0]) = (.nan, .infinity, .nan) }
      let name = folder.path + "/\(file).safetensors"
      let pointers = values.map { values in
        let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
        _ = copy.initialize(from: values)
        return copy
      }
      defer { pointers.forEach { $0.deallocate() } }
      try writeSafetensors(
        to: name, tensors: zip(tensors, pointers).map { ("\(file)\($0.0)", [20_000], UnsafeBufferPointer($1)) })
      expected += "\(try sha256(ofFile: name))  \(file).safetensors\n"
      return name
    }
    let checkpoint = try Checkpoint(files: files, threads: threads)
    #expect(checkpoint.sha256 == sha256(of: expected))
    #expect(checkpoint.damagedTensors.map(\.name) == ["4t3", "4t7", "4t8"])
    let fault = CheckpointFault.notFinite(file: files[3], tensor: "4t3", value: "infinity", position: [5])
    #expect(throws: fault) { try checkpoint.checkFinite(checkpoint.names) }
    try checkpoint.checkFinite(checkpoint.names.filter { !$0.hasPrefix("4") })
  }

  @Test func `a dtype that is not computed with is an error only as a weight`() throws {
    let checkpoint = try Checkpoint(file: fixtures + "others.safetensors")
    #expect(checkpoint.damagedTensors.isEmpty && checkpoint.names.count == 13)
    let fault = CheckpointFault.notFloats(file: fixtures + "others.safetensors", tensor: "U64", dtype: .u64)
    #expect(throws: fault) { try checkpoint.floats("U64") }
    #expect("\(fault)".contains("the weight 'U64' is U64; expected F32, F16, BF16 or F64"))
  }
}
