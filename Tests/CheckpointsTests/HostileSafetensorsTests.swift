/// Tests that invalid safetensors files are rejected: one test per fault, and thousands of randomly damaged files.
import Checkpoints
import FoundationEssentials
import Glibc
import Hashing
import TestSupport
import Testing

struct HostileSafetensorsTests {
  let folder = TemporaryFolder()
  var path: String { folder.path + "/x.safetensors" }

  private func expect(_ fault: CheckpointFault, _ data: Data, _ location: SourceLocation = #_sourceLocation) throws {
    #expect(try checkFile(data, in: folder) == fault, sourceLocation: location)
  }

  private func expectBadJSON(_ header: String, why: String, _ location: SourceLocation = #_sourceLocation) throws {
    try expectBadJSON(Array(header.utf8), why: why, location)
  }

  private func expectBadJSON(_ header: [UInt8], why: String, _ location: SourceLocation = #_sourceLocation) throws {
    guard case .headerNotJSON(_, let found) = try checkFile(safetensors(header, values: 8), in: folder) else {
      Issue.record("another fault, or none", sourceLocation: location)
      return
    }
    #expect(found.contains(why), sourceLocation: location)
  }

  private func expectBadField(
    _ entry: String, found: String, field: String, _ location: SourceLocation = #_sourceLocation
  )
    throws
  {
    guard case .field(_, "x", field, found, _) = try checkFile(safetensors("{\(entry)}", values: 8), in: folder) else {
      let fault = try checkFile(safetensors("{\(entry)}", values: 8), in: folder)
      Issue.record("another fault, or none: \(String(describing: fault))", sourceLocation: location)
      return
    }
  }

  @Test func `header longer than the file`() throws {
    try expect(.headerBeyondFile(file: path, header: 1000, bytes: 10), safetensors("{}", headerLength: 1000))
    try expect(.headerBeyondFile(file: path, header: 3, bytes: 10), safetensors("{}", headerLength: 3))
  }

  @Test func `header longer than the limit`() throws {
    try expect(.headerTooLong(file: path, header: .max, limit: 100_000_000), safetensors("{}", headerLength: .max))
    try expect(
      .headerTooLong(file: path, header: 1 << 63, limit: 100_000_000), safetensors("{}", headerLength: 1 << 63))
  }

  @Test func `header of no bytes`() throws {
    #expect(try checkFile(safetensors("{}", headerLength: 0), in: folder) != nil)
  }

  @Test func `file shorter than a header's length`() throws {
    for count in 0..<10 { try expect(.tooShort(file: path, bytes: count), Data(repeating: 0, count: count)) }
  }

  @Test func `header that is not JSON`() throws {
    try expectBadJSON("{\"x\":}", why: "line 1, column 6")
    try expectBadJSON("{\(entry())", why: "the end of the text")
    try expectBadJSON("{\(entry())}{}", why: "after the end")
    try expectBadJSON("[]", why: "does not begin with '{'")
    try expectBadJSON(" {\(entry())}", why: "does not begin with '{'")
    try expectBadJSON("NaN", why: "does not begin with '{'")
    try expectBadJSON("{\"x\":NaN}", why: "JSON has no NaN")
  }

  @Test func `header that is not UTF-8`() throws {
    let header =
      Array("{\"".utf8) + [0xFF, 0xFE] + Array("\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}".utf8)
    try expectBadJSON(header, why: "not UTF-8")
  }

  @Test func `header nested a hundred thousand deep`() throws {
    try expectBadJSON("{\"x\":" + String(repeating: "[", count: 100_000), why: "deep")
    try expectBadJSON(String(repeating: "{\"x\":", count: 100_000), why: "deep")
  }

  @Test func `two tensors with the same name`() throws {
    try expectBadJSON("{\(entry(offsets: "[0,8]")),\(entry(offsets: "[0,8]"))}", why: "the key 'x' twice")
    try expectBadJSON(
      "{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}", why: "twice")
    try expectBadJSON("{\"__metadata__\":{},\"__metadata__\":{}}", why: "twice")
  }

  @Test func `metadata that is not strings`() throws {
    try expect(.metadataNotStrings(file: path, key: nil, found: "a list"), safetensors("{\"__metadata__\":[]}"))
    try expect(.metadataNotStrings(file: path, key: nil, found: "null"), safetensors("{\"__metadata__\":null}"))
    try expect(
      .metadataNotStrings(file: path, key: "a", found: "an object"), safetensors("{\"__metadata__\":{\"a\":{}}}"))
  }

  @Test func `entry that is not an object, or lacks a field`() throws {
    try expectBadField("\"x\":[1,2]", found: "[1,2]", field: "its entry")
    try expectBadField("\"x\":null", found: "null", field: "its entry")
    try expectBadField("\"x\":{}", found: "nothing", field: "dtype")
    try expectBadField("\"x\":{\"dtype\":\"F32\",\"shape\":[2]}", found: "nothing", field: "data_offsets")
    try expectBadField("\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}", found: "nothing", field: "shape")
    try expectBadField(entry(dtype: "32"), found: "32", field: "dtype")
  }

  @Test func `unknown dtype`() throws {
    for name in ["F31", "f32", "", "float32"] {
      try expect(
        .unknownDType(file: path, tensor: "x", found: name), safetensors("{\(entry(dtype: "\"\(name)\""))}", values: 8))
    }
  }

  @Test func `packed elements that do not fill their last byte`() throws {
    let fault = CheckpointFault.partialByte(file: path, tensor: "x", dtype: .f6E3M2, shape: [3], bits: 18)
    try expect(fault, safetensors("{\(entry(dtype: "\"F6_E3M2\"", shape: "[3]", offsets: "[0,3]"))}", values: 3))
    let whole = entry(dtype: "\"F4\"", shape: "[2,3]", offsets: "[0,3]")
    #expect(try checkFile(safetensors("{\(whole)}", values: 3), in: folder) == nil)
  }

  @Test func `offsets that are negative, fractional, too large or not two`() throws {
    try expectBadField(entry(offsets: "[-8,0]"), found: "-8", field: "data_offsets")
    try expectBadField(entry(offsets: "[0.0,8]"), found: "0.0", field: "data_offsets")
    try expectBadField(entry(offsets: "[0,8e0]"), found: "8.0", field: "data_offsets")
    try expectBadField(
      entry(offsets: "[0,18446744073709551616]"), found: "1.8446744073709552e+19", field: "data_offsets")
    try expectBadField(entry(offsets: "[0,\"8\"]"), found: "\"8\"", field: "data_offsets")
    try expectBadField(entry(offsets: "[8]"), found: "[8]", field: "data_offsets")
    try expectBadField(entry(offsets: "[0,8,8]"), found: "[0,8,8]", field: "data_offsets")
    try expectBadField(entry(offsets: "8"), found: "8", field: "data_offsets")
  }

  @Test func `shape that is negative, fractional or nested`() throws {
    try expectBadField(entry(shape: "[-2]"), found: "-2", field: "shape")
    try expectBadField(entry(shape: "[2.0]"), found: "2.0", field: "shape")
    try expectBadField(entry(shape: "[[2]]"), found: "[2]", field: "shape")
    try expectBadField(entry(shape: "2"), found: "2", field: "shape")
  }

  @Test func `shape that overflows`() throws {
    let huge = Int.max
    try expect(
      .shapeOverflow(file: path, tensor: "x", shape: [huge, 2]),
      safetensors("{\(entry(shape: "[\(huge),2]"))}", values: 8))
    // Modulo 2⁶⁴ these products are 8 bytes, as the offsets say.
    let wrapping = [1 << 62 + 0, 2, 2, 2]
    try expect(
      .shapeOverflow(file: path, tensor: "x", shape: wrapping),
      safetensors("{\(entry(shape: "\(wrapping)"))}", values: 8))
    let even = [(1 << 61) + 1, 2]
    try expect(
      .shapeOverflow(file: path, tensor: "x", shape: even), safetensors("{\(entry(shape: "\(even)"))}", values: 8))
  }

  @Test func `shape that does not match the size`() throws {
    try expect(
      .sizeMismatch(file: path, tensor: "x", dtype: .f32, shape: [3], expected: 12, found: 8),
      safetensors("{\(entry(shape: "[3]"))}", values: 8))
    try expect(
      .sizeMismatch(file: path, tensor: "x", dtype: .f64, shape: [2], expected: 16, found: 8),
      safetensors("{\(entry(dtype: "\"F64\""))}", values: 8))
    try expect(
      .sizeMismatch(file: path, tensor: "x", dtype: .f32, shape: [0], expected: 0, found: 8),
      safetensors("{\(entry(shape: "[0]"))}", values: 8))
  }

  @Test func `offsets reversed`() throws {
    try expect(
      .offsetsReversed(file: path, tensor: "x", begin: 8, end: 0),
      safetensors("{\(entry(offsets: "[8,0]"))}", values: 8))
  }

  @Test func `offsets beyond the file`() throws {
    try expect(.offsetsBeyondFile(file: path, tensor: "x", end: 8, data: 7), safetensors("{\(entry())}", values: 7))
    try expect(
      .offsetsBeyondFile(file: path, tensor: "x", end: .max, data: 8),
      safetensors("{\(entry(offsets: "[\(Int.max - 8),\(Int.max)]"))}", values: 8))
  }

  @Test func `offsets overlap`() throws {
    let header = "{\(entry("x")),\(entry("y", offsets: "[4,12]"))}"
    let start = header.utf8.count + 8
    try expect(
      .overlap(file: path, tensor: "y", with: "x", begin: start + 4, end: start + 8), safetensors(header, values: 12))
  }

  @Test func `two tensors with the same bytes`() throws {
    guard case .overlap = try checkFile(safetensors("{\(entry("x")),\(entry("y"))}", values: 8), in: folder) else {
      Issue.record("another fault, or none")
      return
    }
  }

  @Test func `hole between tensors, before the first and after the last`() throws {
    let between = "{\(entry("x")),\(entry("y", offsets: "[12,20]"))}"
    var start = between.utf8.count + 8
    try expect(.hole(file: path, before: "y", begin: start + 8, end: start + 12), safetensors(between, values: 20))
    let first = "{\(entry(offsets: "[4,12]"))}"
    start = first.utf8.count + 8
    try expect(.hole(file: path, before: "x", begin: start, end: start + 4), safetensors(first, values: 12))
    let last = "{\(entry())}"
    start = last.utf8.count + 8
    try expect(.hole(file: path, before: nil, begin: start + 8, end: start + 9), safetensors(last, values: 9))
  }

  @Test func `empty tensor inside another`() throws {
    let header = "{\(entry("x")),\(entry("y", shape: "[0]", offsets: "[4,4]"))}"
    guard case .overlap = try checkFile(safetensors(header, values: 8), in: folder) else {
      Issue.record("another fault, or none")
      return
    }
  }

  @Test func `a pipe instead of a file does not block`() throws {
    #expect(mkfifo(path, 0o600) == 0)
    #expect(throws: (any Error).self) { try Checkpoint(file: path) }
  }

  @Test(arguments: ["f32", "f16", "mixed", "unaligned"], [UInt64(1), 2])
  func `500 randomly damaged files are read or rejected`(_ name: String, _ seed: UInt64) throws {
    let original = try Data(contentsOf: URL(filePath: fixtures + "\(name).safetensors"))
    var generator = SplitMix64(seed: seed)
    for _ in 0..<500 { _ = try checkFile(original.damaged(by: &generator), in: folder) }
  }

  @Test func `file truncated at every byte`() throws {
    let original = try Data(contentsOf: URL(filePath: fixtures + "f32.safetensors"))
    for count in 0..<original.count { #expect(try checkFile(original.prefix(count), in: folder) != nil) }
  }
}
