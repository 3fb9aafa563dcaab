/// Tests which weights of a folder are read: of several forms, with remains of an older revision, or half downloaded.
import Checkpoints
import Files
import FoundationEssentials
import TestSupport
import Testing

@Suite struct FolderWeightsTests {
  private let folder = TemporaryFolder()
  private let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]

  private func copy(_ source: String, as name: String) throws {
    try writeUnsynced(readFile(source), at: folder.path + "/" + name)
  }

  private func writeIndex(_ name: String, _ map: [String: JSON]) throws {
    try writeFile(JSON.object(["weight_map": .object(map)]).text(), to: "\(folder.path)/\(name).index.json")
  }

  private func open() throws -> Checkpoint { try Checkpoint(folder: folder.path) }

  @Test func `pytorch_model.bin is read, and its shards`() throws {
    try copy(torchFixture("module-zip.bin"), as: "pytorch_model.bin")
    #expect(try open().names.count == 122 && open().notes.isEmpty)
    let sharded = TemporaryFolder()
    for (number, name) in ["nested-zip.bin", "module-legacy.bin"].enumerated() {
      try writeFile(readFile(torchFixture(name)), to: "\(sharded.path)/pytorch_model-0000\(number + 1)-of-00002.bin")
    }
    let map: [String: JSON] = [
      "a.7": "pytorch_model-00001-of-00002.bin", "0.weight": "pytorch_model-00002-of-00002.bin",
    ]
    let index = sharded.path + "/pytorch_model.bin.index.json"
    try writeFile(JSON.object(["weight_map": .object(map)]).text(), to: index)
    #expect(try Checkpoint(folder: sharded.path).names == ["0.weight", "a.7"])
    try writeFile(JSON.object(["weight_map": ["a.7": "x.safetensors"]]).text(), to: index)
    #expect(throws: CheckpointFault.shardName(index: index, tensor: "a.7", shard: "x.safetensors")) {
      try Checkpoint(folder: sharded.path)
    }
  }

  @Test func `of both forms safetensors is read, with a note`() throws {
    try copy(fixtures + "f32.safetensors", as: "model.safetensors")
    try copy(torchFixture("module-zip.bin"), as: "pytorch_model.bin")
    #expect(try open().files == [folder.path + "/model.safetensors"])
    #expect(
      try open().notes == ["\(folder.path): has model.safetensors and pytorch_model.bin; model.safetensors is read"])
  }

  @Test func `an index without any of its shards is ignored if there are other weights`() throws {
    try writeIndex("model.safetensors", ["x": .string(shards[0])])
    #expect(throws: CheckpointFault.self) { try open() }
    try copy(torchFixture("module-zip.bin"), as: "pytorch_model.bin")
    #expect(try open().files == [folder.path + "/pytorch_model.bin"])
    #expect(try open().notes.count == 1 && open().notes[0].contains("model.safetensors.index.json is ignored"))
  }

  @Test func `an index with some of its shards is a download that is not complete`() throws {
    try copy(fixtures + "sharded/" + shards[0], as: shards[0])
    try copy(fixtures + "sharded/model.safetensors.index.json", as: "model.safetensors.index.json")
    try copy(torchFixture("module-zip.bin"), as: "pytorch_model.bin")
    let fault = #expect(throws: CheckpointFault.self) { try open() }
    guard case .shardMissing? = fault else {
      Issue.record("\(String(describing: fault))")
      return
    }
  }

  @Test(arguments: [
    "model.safetensors.incomplete", "pytorch_model.bin.part", "model.safetensors.crdownload",
    ".cache/huggingface/download/abc.incomplete",
  ])
  func `an unfinished download is called that`(_ name: String) throws {
    try makeFolder(folder.path + "/.cache/huggingface/download")
    try writeFile("x", to: folder.path + "/" + name)
    #expect(throws: CheckpointFault.incompleteDownload(folder: folder.path, found: name)) { try open() }
  }

  @Test(arguments: ["tf_model.h5", "flax_model.msgpack"]) func `weights of other frameworks are named`(_ name: String)
    throws
  {
    try writeFile("x", to: folder.path + "/" + name)
    #expect(throws: CheckpointFault.otherFramework(folder: folder.path, found: name)) { try open() }
  }

  @Test func `a Git LFS pointer in place of pytorch_model.bin is called that`() throws {
    let path = folder.path + "/pytorch_model.bin"
    try writeFile("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", to: path)
    #expect(throws: FileFault.incompleteDownload(path: path, .lfsPointer)) { try open() }
  }

  @Test func `a copy as safetensors has the same tensors, and refuses types that it cannot have`() throws {
    let checkpoint = try Checkpoint(file: torchFixture("strides-zip.bin")), path = folder.path + "/x.safetensors"
    try checkpoint.copy(to: path, rows: [:])
    let copy = try Checkpoint(file: path)
    #expect(copy.names == checkpoint.names)
    for name in copy.names {
      #expect(try copy.info(name).dtype == checkpoint.info(name).dtype)
      #expect(try copy.info(name).shape == checkpoint.info(name).shape)
      #expect(try copy.bytes(name).elementsEqual(checkpoint.bytes(name)))
    }
    let file = torchFixture("dtypes-zip.bin")
    #expect(throws: CheckpointFault.noSafetensorsType(file: file, tensor: "C128", dtype: .c128)) {
      try Checkpoint(file: file).copy(to: path, rows: [:])
    }
  }
}
