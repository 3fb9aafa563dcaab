/// Tests that checkpoints of one file and of shards are read, and that invalid folders and indexes are rejected.
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
  private func copy(_ fixture: String, as name: String? = nil) throws {
    let name = name ?? String(fixture.split(separator: "/").last ?? "")
    try Data(contentsOf: URL(filePath: fixtures + fixture)).write(to: URL(filePath: folder.path + "/" + name))
  }

  private func copyShards() throws { for shard in shards { try copy("sharded/" + shard) } }

  private func write(map: JSON) throws { try writeFile(JSON.object(["weight_map": map]).text(), to: index) }

  private func expect(_ fault: CheckpointFault, _ location: SourceLocation = #_sourceLocation) {
    #expect(throws: fault, sourceLocation: location) { try Checkpoint(folder: folder.path) }
  }

  @Test func `a folder with one file is read`() throws {
    try copy("f32.safetensors", as: "model.safetensors")
    let checkpoint = try Checkpoint(folder: folder.path)
    #expect(checkpoint.files == [folder.path + "/model.safetensors"])
    #expect(checkpoint.names == [#"a "quoted" \ name, ünïcode ﬁ"#, "a scalar", "empty", "layer.bias", "layer.weight"])
    #expect(try checkpoint.floats("layer.weight") == thirds(6))
    #expect(try checkpoint.mappedFloats("layer.weight") != nil)
    #expect(checkpoint.contains("empty") && !checkpoint.contains("full"))
  }

  @Test func `shards are read as one checkpoint`() throws {
    let checkpoint = try Checkpoint(folder: fixtures + "sharded")
    #expect(checkpoint.names == ["embed.weight", "head.bias", "layer.0.weight", "layer.1.weight"])
    #expect(checkpoint.files == shards.map { fixtures + "sharded/" + $0 })
    #expect(try checkpoint.floats("embed.weight") == thirds(8))
    #expect(try checkpoint.floats("layer.1.weight") == thirds(4))
    #expect(try checkpoint.info("layer.0.weight").dtype == .f16)
    #expect(try checkpoint.file(of: "head.bias").path.hasSuffix(shards[1]))
  }

  @Test func `several threads can read one checkpoint`() async throws {
    let checkpoint = try Checkpoint(folder: fixtures + "sharded")
    let sums = try await withThrowingTaskGroup(of: Float.self) { group in
      for _ in 0..<8 { group.addTask { try checkpoint.floats("embed.weight").reduce(0, +) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums == [Float](repeating: thirds(8).reduce(0, +), count: 8))
  }

  @Test func `a wrong shape is reported with the expected one`() throws {
    let checkpoint = try Checkpoint(file: fixtures + "f32.safetensors")
    #expect(try checkpoint.info("layer.weight", shape: [2, 3]).count == 6)
    let file = fixtures + "f32.safetensors"
    #expect(
      throws: CheckpointFault.shapeMismatch(file: file, tensor: "layer.weight", expected: [3, 2], found: [2, 3])
    ) { try checkpoint.info("layer.weight", shape: [3, 2]) }
  }

  @Test func `an empty folder and a missing folder are reported`() {
    expect(.noWeights(folder: folder.path))
    #expect(throws: FileFault.missing(path: "/nowhere")) { try Checkpoint(folder: "/nowhere") }
  }

  @Test(arguments: [
    "../x.safetensors", "/etc/x.safetensors", "a/b.safetensors", "..", ".", "", ".safetensors", "x.bin", "/etc/passwd",
    "x.safetensors/", "a\\b.safetensors", "x\u{0}.safetensors", "x.safetensors\u{0}", "x\n.safetensors",
  ])
  func `a path instead of a file name in the index is rejected`(_ shard: String) throws {
    try copyShards()
    try write(map: ["head.bias": .string(shard)])
    expect(.shardName(index: index, tensor: "head.bias", shard: shard))
  }

  @Test func `an index with a missing shard is rejected`() throws {
    try copy("sharded/" + shards[0])
    try copy("sharded/model.safetensors.index.json")
    expect(.shardMissing(index: index, tensor: "head.bias", shard: shards[1]))
  }

  @Test func `an index with the wrong shard of a tensor is rejected`() throws {
    try copyShards()
    try write(map: ["head.bias": .string(shards[0])])
    expect(.notInShard(index: index, tensor: "head.bias", shard: shards[0]))
  }

  @Test func `an index without a valid map is rejected`() throws {
    try writeFile("{}", to: index)
    expect(.index(file: index, found: "no key 'weight_map'", expected: "one with tensor names and their shards"))
    for (map, found) in [(JSON.array([]), "a list"), (.object([:]), "empty"), (.null, "null")] {
      try write(map: map)
      expect(.index(file: index, found: "'weight_map' is \(found)", expected: "tensor names with their shards"))
    }
    try write(map: ["x": 1])
    expect(.index(file: index, found: "'weight_map' has a whole number for 'x'", expected: "the name of a shard"))
  }

  @Test func `an index that is not JSON, or has a tensor twice, is rejected`() throws {
    for text in [
      "", "[", "{\"weight_map\": {\"x\": \"a.safetensors\", \"x\": \"b.safetensors\"}}", "NaN",
      "{\"weight_map\":\u{FEFF}}",
    ] {
      try writeFile(text, to: index)
      #expect(throws: FileFault.self) { try Checkpoint(folder: folder.path) }
    }
  }

  @Test func `a damaged shard is reported with its name`() throws {
    try copy("sharded/" + shards[0])
    try copy("sharded/model.safetensors.index.json")
    try writeFile("{}", to: folder.path + "/" + shards[1])
    expect(.tooShort(file: folder.path + "/" + shards[1], bytes: 2))
  }

  @Test func `1500 randomly damaged indexes are read or rejected`() throws {
    try copyShards()
    let original = try Data(contentsOf: URL(filePath: fixtures + "sharded/model.safetensors.index.json"))
    var generator = SplitMix64(seed: 3)
    var loaded = 0
    for _ in 0..<1500 {
      try writeUnsynced(original.damaged(by: &generator), at: index)
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
