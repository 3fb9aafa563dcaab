/// The weights of a model, from one safetensors file or from shards with an index, looked up by name.
/// Does not interpret the tensors, and reads no `config.json`.
import Files
import Synchronization

/// ```swift
/// let weights = try Checkpoint(folder: "models/minilm-l6")
/// let query = try weights.floats("encoder.layer.0.attention.self.query.weight")
/// ```
/// Returned pointers are valid while the object lives. All files are checked when they are opened.
public final class Checkpoint: Sendable {
  /// Tensor names, sorted by their UTF-8 bytes.
  public let names: [String]
  /// Paths of the safetensors files, sorted; without the index.
  public let files: [String]
  private let fileOfTensor: [String: SafetensorsFile]
  /// In the order of `files`.
  let openFiles: [SafetensorsFile]
  /// Threads of the sweep over the weights.
  private let threads: Int
  private let cache: SweepCache?
  private let swept = Mutex<[FileSweep]?>(nil)

  /// The weights of a Hub folder: `model.safetensors`, else the shards of `model.safetensors.index.json`.
  /// - Parameters:
  ///   - threads: for the digest and the search for NaN, which read all weights.
  ///   - cache: remembers their results for unchanged files; nil: nothing is remembered.
  public convenience init(folder: String, threads: Int = 1, cache: SweepCache? = .user) throws {
    let single = folder + "/model.safetensors"
    let index = single + ".index.json"
    if fileExists(single) {
      try self.init(files: [single], threads: threads, cache: cache)
    } else if fileExists(index) {
      try self.init(index: index, folder: folder, threads, cache)
    } else {
      let pickles = ["pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack"]
      if let pickle = pickles.first(where: { fileExists(folder + "/" + $0) }) {
        throw CheckpointFault.notSafetensors(folder: folder, found: pickle)
      }
      guard fileExists(folder) else { throw FileFault.missing(path: folder) }
      throw CheckpointFault.noWeights(folder: folder)
    }
  }

  /// The weights of one safetensors file.
  public convenience init(file: String) throws { try self.init(files: [file]) }

  /// The weights of several safetensors files. Of tensors with the same name, the first file's counts.
  public convenience init(files: [String], threads: Int = 1, cache: SweepCache? = .user) throws {
    let openFiles = try files.map { try SafetensorsFile(path: $0) }
    let tensors = openFiles.flatMap { file in file.tensors.keys.map { ($0, file) } }
    self.init(fileOfTensor: .init(tensors) { first, _ in first }, openFiles, threads, cache)
  }

  private convenience init(index: String, folder: String, _ threads: Int, _ cache: SweepCache?) throws {
    var fileOfShard: [String: SafetensorsFile] = [:]
    var fileOfTensor: [String: SafetensorsFile] = [:]
    // Sorted, so that of several faults always the same one is reported.
    for (tensor, shard) in try ShardIndex(path: index).shards.sorted(by: { $0 < $1 }) {
      let path = folder + "/" + shard
      if fileOfShard[shard] == nil {
        guard fileExists(path) else { throw CheckpointFault.shardMissing(index: index, tensor: tensor, shard: shard) }
        fileOfShard[shard] = try SafetensorsFile(path: path)
      }
      guard let file = fileOfShard[shard], file.tensors[tensor] != nil else {
        throw CheckpointFault.notInShard(index: index, tensor: tensor, shard: shard)
      }
      fileOfTensor[tensor] = file
    }
    self.init(fileOfTensor: fileOfTensor, Array(fileOfShard.values), threads, cache)
  }

  private init(
    fileOfTensor: [String: SafetensorsFile], _ openFiles: [SafetensorsFile], _ threads: Int, _ cache: SweepCache?
  ) {
    (self.fileOfTensor, self.threads, self.cache) = (fileOfTensor, threads, cache)
    self.openFiles = openFiles.sorted { precedes($0.path, $1.path) }
    files = self.openFiles.map(\.path)
    names = fileOfTensor.keys.sorted(by: precedes)
  }

  /// Of each file; made by the first call.
  var sweeps: [FileSweep] {
    swept.withLock { swept in
      let sweeps = swept ?? Checkpoints.sweep(openFiles, threads: threads, cache)
      swept = sweeps
      return sweeps
    }
  }

  /// The file that contains a tensor; throws `.noTensor` with the nearest name.
  public func file(of name: String) throws(CheckpointFault) -> SafetensorsFile {
    guard let file = fileOfTensor[name] else {
      throw .noTensor(file: files.first ?? "", name: name, nearest: nearest(to: name, among: names))
    }
    return file
  }

  public func contains(_ name: String) -> Bool { fileOfTensor[name] != nil }

  /// Dtype, shape and byte range of a tensor. Throws `.shapeMismatch` if `shape` is given and the tensor has another.
  public func info(_ name: String, shape: [Int]? = nil) throws(CheckpointFault) -> TensorInfo {
    let file = try file(of: name)
    let info = try file.info(name)
    if let shape, shape != info.shape {
      throw .shapeMismatch(file: file.path, tensor: name, expected: shape, found: info.shape)
    }
    return info
  }

  /// See `SafetensorsFile.bytes`.
  public func bytes(_ name: String) throws(CheckpointFault) -> UnsafeRawBufferPointer { try file(of: name).bytes(name) }

  /// Releases the memory of the mapped pages; a later read loads them from the file again.
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

/// Orders strings by their UTF-8 bytes, as Rust and Python do; Swift's own order differs beyond ASCII.
func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
