/// Folders of weights, whole and in shards, and folders that lie.
import Checkpoints
import Files
import FoundationEssentials
import Hashing
import TestSupport
import Testing

struct CheckpointTests {
  let folder = TemporaryFolder()
  private let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
  private var index: String { folder.path + "/model.safetensors.index.json" }

  /// Copies a fixture into the folder.
  private func put(_ fixture: String, as name: String? = nil) throws {
    let name = name ?? String(fixture.split(separator: "/").last ?? "")
    try Data(contentsOf: URL(filePath: fixtures + fixture)).write(to: URL(filePath: folder.path + "/" + name))
  }

  private func putShards() throws { for shard in shards { try put("sharded/" + shard) } }

  private func write(map: JSON) throws { try writeFile(JSON.object(["weight_map": map]).text(), to: index) }

  private func expect(_ fault: CheckpointFault, _ place: SourceLocation = #_sourceLocation) {
    #expect(throws: fault, sourceLocation: place) { try Checkpoint(folder: folder.path) }
  }

  @Test func `a folder with one file is read`() throws {
    try put("f32.safetensors", as: "model.safetensors")
    let checkpoint = try Checkpoint(folder: folder.path)
    #expect(checkpoint.files == [folder.path + "/model.safetensors"])
    #expect(checkpoint.names == [#"a "quoted" \ name, ünïcode ﬁ"#, "a scalar", "empty", "layer.bias", "layer.weight"])
    #expect(try checkpoint.floats("layer.weight") == thirds(6))
    #expect(try checkpoint.mappedFloats("layer.weight") != nil)
    #expect(checkpoint.contains("empty") && !checkpoint.contains("full"))
  }

  @Test func `shards are read behind one look-up`() throws {
    let checkpoint = try Checkpoint(folder: fixtures + "sharded")
    #expect(checkpoint.names == ["embed.weight", "head.bias", "layer.0.weight", "layer.1.weight"])
    #expect(checkpoint.files == shards.map { fixtures + "sharded/" + $0 })
    #expect(try checkpoint.floats("embed.weight") == thirds(8))
    #expect(try checkpoint.floats("layer.1.weight") == thirds(4))
    #expect(try checkpoint.info("layer.0.weight").dtype == .f16)
    #expect(try checkpoint.file(of: "head.bias").path.hasSuffix(shards[1]))
  }

  @Test func `pointers stay while the checkpoint lives, and it may cross threads`() async throws {
    let checkpoint = try Checkpoint(folder: fixtures + "sharded")
    let sums = try await withThrowingTaskGroup(of: Float.self) { group in
      for _ in 0..<8 { group.addTask { try checkpoint.floats("embed.weight").reduce(0, +) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums == [Float](repeating: thirds(8).reduce(0, +), count: 8))
  }

  @Test func `another shape than the wanted one is told with both`() throws {
    let checkpoint = try Checkpoint(file: fixtures + "f32.safetensors")
    #expect(try checkpoint.info("layer.weight", shape: [2, 3]).count == 6)
    let file = fixtures + "f32.safetensors"
    #expect(
      throws: CheckpointFault.shapeMismatch(file: file, tensor: "layer.weight", expected: [3, 2], found: [2, 3])
    ) { try checkpoint.info("layer.weight", shape: [3, 2]) }
  }

  @Test func `a folder with nothing, and no folder`() {
    expect(.noWeights(folder: folder.path))
    #expect(throws: FileFault.missing(path: "/nowhere")) { try Checkpoint(folder: "/nowhere") }
  }

  @Test(arguments: ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5"])
  func `a folder with only a pickle is told how to convert it`(_ name: String) throws {
    try writeFile("PK", to: folder.path + "/" + name)
    let fault = CheckpointFault.notSafetensors(folder: folder.path, found: name)
    expect(fault)
    #expect("\(fault)".contains("safetensors' `convert`"))
  }

  @Test(arguments: [
    "../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "..", ".", "", ".safetensors", "x.bin", "/etc/passwd",
    "x.safetensors/", "a\\b.safetensors", "x\u{0}.safetensors", "x.safetensors\u{0}", "x\n.safetensors",
  ])
  func `path traversal in the index`(_ shard: String) throws {
    try putShards()
    try write(map: ["head.bias": .string(shard)])
    expect(.shardName(index: index, tensor: "head.bias", shard: shard))
  }

  @Test func `index that names a missing shard`() throws {
    try put("sharded/" + shards[0])
    try put("sharded/model.safetensors.index.json")
    expect(.shardMissing(index: index, tensor: "head.bias", shard: shards[1]))
  }

  @Test func `index that names the wrong shard`() throws {
    try putShards()
    try write(map: ["head.bias": .string(shards[0])])
    expect(.notInShard(index: index, tensor: "head.bias", shard: shards[0]))
  }

  @Test func `index without a usable map`() throws {
    try writeFile("{}", to: index)
    expect(.index(file: index, found: "no key 'weight_map'", wanted: "one, with tensor names and their shards"))
    for (map, found) in [(JSON.array([]), "a list"), (.object([:]), "empty"), (.null, "null")] {
      try write(map: map)
      expect(.index(file: index, found: "'weight_map' is \(found)", wanted: "tensor names with their shards"))
    }
    try write(map: ["x": 1])
    expect(.index(file: index, found: "'weight_map' has a whole number for 'x'", wanted: "the name of a shard"))
  }

  @Test func `index that is no JSON, or names a tensor twice`() throws {
    for text in [
      "", "[", "{\"weight_map\": {\"x\": \"a.safetensors\", \"x\": \"b.safetensors\"}}", "NaN",
      "{\"weight_map\":\u{FEFF}}",
    ] {
      try writeFile(text, to: index)
      #expect(throws: FileFault.self) { try Checkpoint(folder: folder.path) }
    }
  }

  @Test func `a shard that is damaged is named`() throws {
    try put("sharded/" + shards[0])
    try put("sharded/model.safetensors.index.json")
    try writeFile("{}", to: folder.path + "/" + shards[1])
    expect(.tooShort(file: folder.path + "/" + shards[1], bytes: 2))
  }

  @Test func `fifteen hundred damaged indexes`() throws {
    try putShards()
    let whole = try Data(contentsOf: URL(filePath: fixtures + "sharded/model.safetensors.index.json"))
    var chance = SplitMix64(seed: 3)
    var loaded = 0
    for _ in 0..<1500 {
      try CheckpointsTests.put(whole.damaged(by: &chance), at: index)
      do {
        try readAll(Checkpoint(folder: folder.path))
        loaded += 1
      } catch let fault as CheckpointFault {
        #expect("\(fault)".hasPrefix(folder.path))
      } catch let fault as FileFault {
        #expect("\(fault)".hasPrefix(folder.path))
      }
    }
    #expect(1..<1500 ~= loaded)
  }
}
