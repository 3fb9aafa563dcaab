/// Tests that files written by Python are read; the fixtures' README has the commands.
import Checkpoints
import Files
import FoundationEssentials
import TestSupport
import Testing

/// The values of `thirds` in `make_fixtures.py`.
func thirds(_ count: Int) -> [Float] { (0..<count).map { Float($0) / 3 - 1 } }

struct SafetensorsFileTests {
  @Test func `shapes, values and metadata of Python's file are read`() throws {
    let file = try TensorFile(path: fixtures + "f32.safetensors")
    #expect(file.metadata == ["format": "pt"])
    #expect(file.tensors.mapValues(\.shape) == shapes)
    for (name, shape) in shapes { #expect(try file.floats(name) == thirds(shape.reduce(1, *))) }
  }

  @Test(arguments: [("f16", DType.f16, Float(0x1p-11)), ("bf16", .bf16, 0x1p-8)])
  func `16-bit values are read as floats`(_ name: String, _ dtype: DType, _ tolerance: Float) throws {
    let file = try TensorFile(path: fixtures + "\(name).safetensors")
    #expect(file.tensors.values.allSatisfy { $0.dtype == dtype })
    for (found, exact) in zip(try file.floats("layer.weight"), thirds(6)) {
      #expect(abs(found - exact) <= abs(exact) * tolerance)
    }
  }

  @Test func `metadata may be absent`() throws {
    #expect(try TensorFile(path: fixtures + "no-metadata.safetensors").metadata.isEmpty)
  }

  @Test func `every dtype of the format is recognized, and the floating-point ones are read`() throws {
    let files = try ["mixed", "others", "six-bits"].map { try TensorFile(path: fixtures + "\($0).safetensors") }
    for dtype in DType.allCases where dtype.isInSafetensors {
      let file = try #require(files.first { $0.tensors[dtype.rawValue] != nil }), info = try file.info(dtype.rawValue)
      let shape = dtype == .f4 ? [4] : dtype.bits == 6 ? [2, 2] : file === files[0] ? [3] : [4]
      #expect(info.dtype == dtype && info.shape == shape && info.count == shape.reduce(1, *))
      if dtype.isFloat {
        #expect(try file.floats(dtype.rawValue) == [0, 1, 2])
      } else {
        let fault = CheckpointFault.notFloats(file: file.path, tensor: dtype.rawValue, dtype: dtype)
        #expect(throws: fault) { try file.floats(dtype.rawValue) }
      }
    }
    #expect(try Array(files[0].bytes("I16")) == [0, 0, 1, 0, 2, 0])
    #expect(try Array(files[1].bytes("F4")) == [0x21, 0x43])
    #expect(try Array(files[2].bytes("F6_E2M3")) == [3, 4, 5])
  }

  @Test func `aligned F32 is returned without a copy`() throws {
    let file = try TensorFile(path: fixtures + "f32.safetensors")
    let weight = try #require(try file.mappedFloats("layer.weight"))
    #expect(Array(UnsafeBufferPointer(start: weight, count: 6)) == thirds(6))
    #expect(try file.mappedFloats("layer.weight").map(UnsafeRawPointer.init) == file.bytes("layer.weight").baseAddress)
  }

  @Test func `unaligned F32 and other dtypes are only copied`() throws {
    let unaligned = try TensorFile(path: fixtures + "unaligned.safetensors")
    #expect(try unaligned.mappedFloats("x") == nil)
    #expect(try unaligned.floats("x") == [1, 2, 3])
    #expect(try TensorFile(path: fixtures + "f16.safetensors").mappedFloats("layer.weight") == nil)
  }

  @Test func `a misspelled name gives the nearest one`() throws {
    let file = try TensorFile(path: fixtures + "f32.safetensors")
    let fault = CheckpointFault.noTensor(file: file.path, name: "layer.wieght", nearest: "layer.weight")
    #expect(throws: fault) { try file.floats("layer.wieght") }
    #expect("\(fault)".hasSuffix("no tensor 'layer.wieght'. Did you mean 'layer.weight'?"))
  }

  @Test func `a file without tensors is valid`() throws {
    let folder = TemporaryFolder()
    #expect(try checkFile(safetensors("{}"), in: folder) == nil)
    #expect(try checkFile(safetensors("{\"__metadata__\":{}}   "), in: folder) == nil)
  }

  @Test func `unknown keys of an entry are ignored`() throws {
    let header = "{\"x\":{\"note\":1,\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
    #expect(try checkFile(safetensors(header, values: 8), in: TemporaryFolder()) == nil)
  }

  @Test func `a folder, a missing file and an empty file are faults`() throws {
    let folder = TemporaryFolder()
    #expect(throws: FileFault.unreadable(path: folder.path, why: "Is a directory")) {
      try TensorFile(path: folder.path)
    }
    #expect(throws: FileFault.missing(path: folder.path + "/a")) { try TensorFile(path: folder.path + "/a") }
    let path = folder.path + "/x.safetensors"
    #expect(try checkFile(Data(), in: folder) == .tooShort(file: path, bytes: 0))
  }

  private let shapes = [
    "layer.weight": [2, 3], "layer.bias": [3], "a scalar": [], "empty": [0, 4],
    #"a "quoted" \ name, ünïcode ﬁ"#: [5, 1, 1],
  ]
}
