/// Tests that the files of torch.save are read as they were saved, and that what they must not hold is refused by name.
/// The fixtures and what is in them are of Tests/Fixtures/torch/make.py.
import Files
import FoundationEssentials
import TestSupport
import Testing

@testable import Checkpoints

/// Tests/Fixtures/torch/<name>.
func torchFixture(_ name: String) -> String { fixture("torch/" + name) }

@Suite struct TorchFileTests {
  private let expected: JSON
  private let folder = TemporaryFolder()

  init() throws { expected = try JSON(path: torchFixture("expected.json")) }

  private func fault(_ data: Data) throws -> TorchFault? {
    let path = folder.path + "/x.bin"
    try writeUnsynced(data, at: path)
    do {
      try readAll(Checkpoint(file: path))
      return nil
    } catch CheckpointFault.torch(path, let fault) {
      return fault
    }
  }

  private func fault(file: String) throws -> TorchFault? { try fault(readFile(torchFixture(file))) }

  @Test func `every tensor has the bytes, dtype and shape that torch saved`() throws {
    let files = try #require(expected["tensors"]?.object)
    #expect(files.count == 16)
    for (name, tensors) in files {
      let file = try TensorFile(path: torchFixture(name)), tensors = try #require(tensors.object)
      #expect(Set(file.tensors.keys) == Set(tensors.keys), "\(name)")
      for (tensor, wanted) in tensors {
        let info = try file.info(tensor), bytes = try file.bytes(tensor)
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(info.dtype.rawValue == wanted["dtype"]?.string, "\(name): \(tensor)")
        #expect(info.shape == wanted["shape"]?.array?.compactMap(\.int), "\(name): \(tensor)")
        #expect(hex == wanted["bytes"]?.string, "\(name): \(tensor)")
        #expect(info.count == info.shape.reduce(1, *))
      }
    }
  }

  @Test func `only what is compressed or not row-major is copied`() throws {
    let copied = try TensorFile(path: torchFixture("strides-zip.bin")).tensors.filter { $0.value.copy != nil }.keys
    #expect(copied.sorted() == ["expanded", "once", "steps", "transposed"])
    let file = try TensorFile(path: torchFixture("deflated.bin"))
    #expect(file.tensors.values.allSatisfy { $0.copy != nil || $0.count == 0 })
    // torch aligns storages to 64 bytes.
    #expect(try TensorFile(path: torchFixture("strides-zip.bin")).mappedFloats("whole") != nil)
  }

  @Test func `a name that a state dict does not need is refused by this name`() throws {
    let globals = try #require(expected["globals"]?.object)
    #expect(globals.count == 16)
    for (name, asked) in globals {
      let fault = try fault(file: name), asked = try #require(asked.string)
      #expect(fault == .global(asked), "\(name)")
      #expect("\(fault!)".contains("'\(asked)'"))
    }
    #expect(!fileExists("called"), "the file that the fixture's os.system would create")
  }

  @Test func `other things than plain tensors are refused by name`() throws {
    #expect(try fault(file: "refused-protocol4.bin") == .protocolVersion(4))
    #expect(try fault(file: "list.bin") == .noStateDict(found: "a list"))
    guard case .tensor("w", "the lazy operation 'conj'", _) = try fault(file: "refused-conj.bin") else {
      Issue.record("a conjugated view was read")
      return
    }
    guard case .entry(_, "code of TorchScript", _) = try fault(file: "refused-script.bin") else {
      Issue.record("a TorchScript archive was read")
      return
    }
    for (text, found) in [("", "bytes"), ("hello, world", "68 65 6c 6c"), ("{}", "7b 7d")] {
      guard case .otherForm(let message) = try fault(Data(text.utf8)) else {
        Issue.record("'\(text)' was read")
        continue
      }
      #expect(message.contains(found))
    }
    #expect(throws: FileFault.self) { try fault(Data("<!DOCTYPE html>".utf8)) }
  }

  @Test func `the weights of a training script, and of DataParallel, are found, with a note`() throws {
    let file = try TensorFile(path: torchFixture("wrapped-zip.bin"))
    #expect(file.tensors.keys.sorted() == ["b", "w"])
    #expect(file.notes.count == 2 && file.notes[0].contains("'state_dict'") && file.notes[1].contains("'module.'"))
    #expect(try TensorFile(path: torchFixture("strides-zip.bin")).notes.isEmpty)
  }

  @Test(arguments: ["strides-zip.bin", "strides-legacy.bin", "deflated.bin", "python2.bin"])
  func `a file that ends too early is refused, wherever it ends`(_ name: String) throws {
    let data = try readFile(torchFixture(name))
    for count in 0..<data.count { #expect(try fault(Data(data.prefix(count))) != nil, "\(count) bytes") }
  }

  @Test func `a flipped bit of a value is found by the checksum`() throws {
    let path = torchFixture("strides-zip.bin")
    var data = try readFile(path)
    let info = try TensorFile(path: path).info("whole")
    data[info.bytes.lowerBound + 3] ^= 1
    let damaged = folder.path + "/damaged.bin"
    try writeFile(data, to: damaged)
    let checkpoint = try Checkpoint(file: damaged)
    let fault = #expect(throws: CheckpointFault.self) { try checkpoint.checkFinite(["once"]) }
    guard case .torch(damaged, .wrongChecksum(let entry))? = fault else {
      Issue.record("\(String(describing: fault))")
      return
    }
    #expect(entry.hasPrefix("strides-zip/data/"))
    // The views that share the storage; copies are in another order.
    #expect(checkpoint.damagedTensors.map(\.name) == ["part", "row", "scalar", "whole"])
    #expect(checkpoint.damagedTensors.allSatisfy { $0.found == "a wrong checksum" })
  }

  @Test func `a flipped bit of a compressed value or of the pickle is found at once`() throws {
    let data = try readFile(torchFixture("deflated.bin")), directory = try data.withUnsafeBytes(ZipDirectory.init)
    for entry in directory.entries.values where !entry.bytes.isEmpty && !entry.name.hasSuffix("version") {
      let isUsed =
        entry.name.hasSuffix("data.pkl") || entry.name.contains("/data/") || entry.name.hasSuffix("byteorder")
      guard isUsed else { continue }
      var copy = data
      copy[entry.bytes.lowerBound] ^= 0x10
      #expect(try fault(copy) == .wrongChecksum(entry: entry.name))
    }
  }

  @Test func `NaN is found in every form`() throws {
    for name in ["strides-zip.bin", "strides-legacy.bin"] {
      let info = try TensorFile(path: torchFixture(name)).info("parameter")
      var data = try readFile(torchFixture(name))
      data.replaceSubrange(info.bytes.prefix(4), with: [0, 0, 0xC0, 0x7F])
      let path = folder.path + "/" + name
      try writeFile(data, to: path)
      let checkpoint = try Checkpoint(file: path)
      #expect(checkpoint.damagedTensors.map(\.name) == ["parameter", "tied"])
    }
  }
}
