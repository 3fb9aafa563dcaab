/// A model's weights, in one safetensors file or in shards with an index, behind one look-up by name.
/// Does not know what the tensors mean, and reads no `config.json`.
import Files

/// ```swift
/// let weights = try Checkpoint(folder: "models/minilm-l6")
/// let query = try weights.floats("encoder.layer.0.attention.self.query.weight")
/// ```
/// The pointers it hands out are valid while the object lives. Everything is checked at opening.
public final class Checkpoint: Sendable {
  /// Tensor names, in the order of their bytes.
  public let names: [String]
  /// Paths of the safetensors files, sorted; the index is not among them.
  public let files: [String]
  private let fileOfTensor: [String: SafetensorsFile]
  private let openFiles: [SafetensorsFile]

  /// The weights of a Hub folder: `model.safetensors`, else the shards of `model.safetensors.index.json`.
  public convenience init(folder: String) throws {
    let single = folder + "/model.safetensors"
    let index = single + ".index.json"
    if fileExists(single) {
      try self.init(file: single)
    } else if fileExists(index) {
      try self.init(index: index, folder: folder)
    } else {
      let pickles = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"]
      if let found = pickles.first(where: { fileExists(folder + "/" + $0) }) {
        throw CheckpointFault.notSafetensors(folder: folder, found: found)
      }
      guard fileExists(folder) else { throw FileFault.missing(path: folder) }
      throw CheckpointFault.noWeights(folder: folder)
    }
  }

  /// The weights of one safetensors file.
  public convenience init(file: String) throws { try self.init(files: [file]) }

  /// The weights of several safetensors files; of those that have one name, the first file's.
  public convenience init(files: [String]) throws {
    let opened = try files.map { try SafetensorsFile(path: $0) }
    let owners = opened.flatMap { file in file.tensors.keys.map { ($0, file) } }
    self.init(owners: .init(owners) { first, _ in first }, opened)
  }

  private convenience init(index: String, folder: String) throws {
    var opened: [String: SafetensorsFile] = [:]
    var owners: [String: SafetensorsFile] = [:]
    // Sorted, so that of several faults the same one is reported every time.
    for (tensor, shard) in try ShardIndex(path: index).shards.sorted(by: { $0 < $1 }) {
      let path = folder + "/" + shard
      if opened[shard] == nil {
        guard fileExists(path) else { throw CheckpointFault.shardMissing(index: index, tensor: tensor, shard: shard) }
        opened[shard] = try SafetensorsFile(path: path)
      }
      guard let file = opened[shard], file.tensors[tensor] != nil else {
        throw CheckpointFault.notInShard(index: index, tensor: tensor, shard: shard)
      }
      owners[tensor] = file
    }
    self.init(owners: owners, Array(opened.values))
  }

  private init(owners: [String: SafetensorsFile], _ opened: [SafetensorsFile]) {
    self.fileOfTensor = owners
    self.openFiles = opened
    files = opened.map(\.path).sorted(by: precedes)
    names = owners.keys.sorted(by: precedes)
  }

  /// The file that holds a tensor; throws `.noTensor` with the nearest name.
  public func file(of name: String) throws(CheckpointFault) -> SafetensorsFile {
    guard let owner = fileOfTensor[name] else {
      throw .noTensor(file: files.first ?? "", name: name, nearest: nearest(to: name, among: names))
    }
    return owner
  }

  public func contains(_ name: String) -> Bool { fileOfTensor[name] != nil }

  /// Dtype, shape and place of a tensor. With `shape`, throws `.shapeMismatch` when the tensor has another.
  public func info(_ name: String, shape: [Int]? = nil) throws(CheckpointFault) -> TensorInfo {
    let owner = try file(of: name)
    let info = try owner.info(name)
    if let shape, shape != info.shape {
      throw .shapeMismatch(file: owner.path, tensor: name, expected: shape, found: info.shape)
    }
    return info
  }

  /// See `SafetensorsFile.bytes`.
  public func bytes(_ name: String) throws(CheckpointFault) -> UnsafeRawBufferPointer { try file(of: name).bytes(name) }

  /// Lets the memory go that the mapped files take by now; whoever reads them again gets them from the disk's cache.
  public func releasePages() { openFiles.forEach { $0.releasePages() } }

  /// See `SafetensorsFile.floats`.
  public func floats(_ name: String, into target: UnsafeMutablePointer<Float>) throws(CheckpointFault) {
    try file(of: name).floats(name, into: target)
  }

  /// See `SafetensorsFile.floats`.
  public func floats(_ name: String) throws(CheckpointFault) -> [Float] { try file(of: name).floats(name) }

  /// See `SafetensorsFile.mappedFloats`.
  public func mappedFloats(_ name: String) throws(CheckpointFault) -> UnsafePointer<Float>? {
    try file(of: name).mappedFloats(name)
  }
}

/// The order of Rust's and Python's strings, which is that of the UTF-8 bytes; Swift's own differs past ASCII.
func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
