/// Tests that written files have the bytes of Python's files, and that a failed write leaves no file.
import Files
import FoundationEssentials
import Hashing
import TestSupport
import Testing

@testable import Checkpoints

struct SafetensorsWriterTests {
  let folder = TemporaryFolder()
  private var path: String { folder.path + "/out.safetensors" }

  private typealias Named = (name: String, shape: [Int], floats: UnsafeBufferPointer<Float>)

  /// Calls `body` with tensors whose values are the first ones of `floats`.
  private func withTensors(_ tensors: [(String, [Int])], _ floats: [Float], _ body: ([Named]) throws -> Void) throws {
    try floats.withUnsafeBufferPointer { floats in
      try body(
        tensors.map { name, shape in (name, shape, UnsafeBufferPointer(rebasing: floats[..<shape.reduce(1, *)])) })
    }
  }

  private let plain = [
    ("layer.weight", [2, 3]), ("empty", [0, 4]), (#"a "quoted" \ name, ünïcode ﬁ"#, [5, 1, 1]), ("a scalar", []),
    ("layer.bias", [3]),
  ]

  @Test(arguments: [("f32", FloatFormat.f32), ("f16", .f16), ("bf16", .bf16)])
  func `a file has the bytes of Python's file`(_ fixture: String, _ dtype: FloatFormat) throws {
    try withTensors(plain, thirds(6)) {
      try writeSafetensors(to: path, tensors: $0, dtype: dtype, metadata: ["format": "pt"])
    }
    #expect(try readFile(path) == readFile(fixtures + "\(fixture).safetensors"))
  }

  @Test func `a file without metadata has the bytes of Python's file`() throws {
    try withTensors(plain, thirds(6)) { try writeSafetensors(to: path, tensors: $0) }
    #expect(try readFile(path) == readFile(fixtures + "no-metadata.safetensors"))
  }

  @Test(arguments: FloatFormat.allCases) func `written values are read back`(_ dtype: FloatFormat) throws {
    // More than one chunk, and integers, which bfloat16 represents exactly up to 256.
    let floats = (0..<200_000).map { Float($0 % 256) - 128 }
    try withTensors([("x", [200_000]), ("b\n\u{1}", [3])], floats) {
      try writeSafetensors(to: path, tensors: $0, dtype: dtype, metadata: ["b": "é\"\u{7f}", "a": ""])
    }
    let file = try TensorFile(path: path)
    #expect(file.metadata == ["b": "é\"\u{7f}", "a": ""])
    #expect(try file.floats("x") == floats)
    #expect(try file.floats("b\n\u{1}") == [-128, -127, -126])
    #expect(try file.info("x").bytes.upperBound == readFile(path).count)
  }

  @Test func `tensors are sorted by the bytes of their names, whatever the order of the arguments`() throws {
    let names = [("ﬁ", [1]), ("é", [1]), ("z", [1]), ("Z", [1]), ("e\u{301}a", [1])]
    try withTensors(names, [1]) { try writeSafetensors(to: path, tensors: $0) }
    let first = try readFile(path)
    try withTensors(names.reversed(), [1]) { try writeSafetensors(to: path, tensors: $0) }
    #expect(try readFile(path) == first)
    let file = try TensorFile(path: path)
    let sorted = file.tensors.sorted { $0.value.bytes.lowerBound < $1.value.bytes.lowerBound }.map(\.key)
    #expect(sorted == ["Z", "e\u{301}a", "z", "é", "ﬁ"])
  }

  @Test func `a file without tensors can be written`() throws {
    try writeSafetensors(to: path, tensors: [])
    #expect(try Array(readFile(path)) == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
    #expect(try TensorFile(path: path).tensors.isEmpty)
  }

  @Test func `a missing folder is reported, and nothing is left`() throws {
    let path = folder.path + "/no/x.safetensors"
    #expect(throws: FileFault.unwritable(path: path, why: "No such file or directory")) {
      try writeSafetensors(to: path, tensors: [])
    }
    #expect(folder.contents.isEmpty)
  }

  @Test(.enabled(if: TinyDisk.isPermitted, "mounting needs root"), arguments: FloatFormat.allCases)
  func `a full disk keeps the old file and leaves nothing else`(_ dtype: FloatFormat) throws {
    let disk = try #require(TinyDisk())
    let path = disk.folder.path + "/x.safetensors"
    try withTensors(plain, thirds(6)) { try writeSafetensors(to: path, tensors: $0) }
    let old = try readFile(path)
    let floats = [Float](repeating: 1, count: 100_000)
    #expect(throws: FileFault.unwritable(path: path, why: "No space left on device")) {
      try withTensors([("x", [100_000])], floats) { try writeSafetensors(to: path, tensors: $0, dtype: dtype) }
    }
    #expect(disk.folder.contents == ["x.safetensors"])
    #expect(try readFile(path) == old)
  }

  @Test func `floats at the limits of the 16-bit formats are rounded as by torch`() throws {
    let file = try TensorFile(path: fixtures + "halves.safetensors")
    let floats = try file.floats("x")
    let names: [(String, (Float) -> UInt16)] = [("f16", f16), ("bf16", bf16)]
    for (name, convert) in names {
      let bytes = try file.bytes(name)
      for (index, value) in floats.enumerated() {
        #expect(
          convert(value) == bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self), "\(name) of \(value)")
      }
    }
    #expect(zip(try file.floats("f64"), floats).allSatisfy { $0 == $1 })
  }

  @Test func `every 16-bit value is unchanged after conversion to Float and back`() {
    for bits in UInt16.min...(.max) {
      let value = float(f16: bits)
      #expect(value.isNaN ? float(f16: f16(value)).isNaN : f16(value) == bits)
      let bf16Value = float(bf16: bits)
      #expect(bf16Value.isNaN ? float(bf16: bf16(bf16Value)).isNaN : bf16(bf16Value) == bits)
    }
  }

  @Test func `float16 conversions agree with Swift's Float16`() {
    var generator = SplitMix64(seed: 5)
    for bits in UInt16.min...(.max) where !Float16(bitPattern: bits).isNaN {
      #expect(float(f16: bits) == Float(Float16(bitPattern: bits)))
    }
    for _ in 0..<100_000 {
      // Exponents near those of float16; the test above covers the limits.
      let bits = UInt32.random(in: 0x3280_0000...0x4800_0000, using: &generator)
      let value = Float(bitPattern: bits)
      #expect(f16(value) == Float16(value).bitPattern)
      #expect(f16(-value) == Float16(-value).bitPattern)
    }
  }

  @Test func `a NaN stays a NaN, and is torch's`() {
    #expect(f16(.nan) == 0x7E00)
    #expect(bf16(.nan) == 0x7FC0)
    // The whole payload is in the bits that are cut off.
    #expect(float(f16: f16(Float(bitPattern: 0x7F80_0001))).isNaN)
    #expect(float(bf16: bf16(Float(bitPattern: 0x7F80_0001))).isNaN)
  }
}
