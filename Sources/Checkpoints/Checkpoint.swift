/// The weights of a model, from one file of tensors or from shards with an index, looked up by name.
/// Does not interpret the tensors, and reads no `config.json`.
import Files
import Synchronization

/// ```swift
/// let weights = try Checkpoint(folder: "models/minilm-l6")
/// let query = try weights.floats("encoder.layer.0.attention.self.query.weight")
/// ```
/// Returned pointers are valid while the object lives. All files are checked when they are opened.
package final class Checkpoint: Sendable {
  /// Tensor names, sorted by their UTF-8 bytes.
  package let names: [String]
  /// Paths of the files, sorted; without the index.
  package let files: [String]
  private let fileOfTensor: [String: TensorFile]
  /// In the order of `files`.
  let openFiles: [TensorFile]
  /// Threads of the sweep over the weights.
  private let threads: Int
  private let cache: SweepCache?
  private let swept = Mutex<[FileSweep]?>(nil)

  /// What was done to find and read the weights, for the user.
  package let notes: [String]

  /// The weights of a Hub folder: `model.safetensors`, else the shards of `model.safetensors.index.json`, else
  /// `pytorch_model.bin`, else its shards.
  /// - Parameters:
  ///   - threads: for the digest and the search for NaN, which read all weights.
  ///   - cache: remembers their results for unchanged files; nil: nothing is remembered.
  package convenience init(folder: String, threads: Int = 1, cache: SweepCache? = .user) throws {
    let (file, notes) = try FolderWeights(folder).choose()
    if file.hasSuffix(".index.json") {
      try self.init(index: file, folder: folder, notes, threads, cache)
    } else {
      try self.init(files: [file], notes: notes, threads: threads, cache: cache)
    }
  }

  /// The weights of one file.
  package convenience init(file: String) throws { try self.init(files: [file]) }

  /// The weights of several files. Of tensors with the same name, the first file's counts.
  package convenience init(
    files: [String], notes: [String] = [], threads: Int = 1, cache: SweepCache? = .user
  ) throws {
    let openFiles = try files.map { try TensorFile(path: $0) }
    let tensors = openFiles.flatMap { file in file.tensors.keys.map { ($0, file) } }
    self.init(fileOfTensor: .init(tensors) { first, _ in first }, openFiles, notes, threads, cache)
  }

  private convenience init(
    index: String, folder: String, _ notes: [String], _ threads: Int, _ cache: SweepCache?
  ) throws {
    var fileOfShard: [String: TensorFile] = [:]
    var fileOfTensor: [String: TensorFile] = [:]
    // Sorted, so that of several faults always the same one is reported.
    for (tensor, shard) in try ShardIndex(path: index).shards.sorted(by: { $0 < $1 }) {
      let path = folder + "/" + shard
      if fileOfShard[shard] == nil {
        guard fileExists(path) else { throw CheckpointFault.shardMissing(index: index, tensor: tensor, shard: shard) }
        fileOfShard[shard] = try TensorFile(path: path)
      }
      // An index has the names as they are in the shards.
      let names = [tensor, String(tensor.trimmingPrefix(parallelPrefix))]
      guard let file = fileOfShard[shard], let name = names.first(where: { file.tensors[$0] != nil }) else {
        throw CheckpointFault.notInShard(index: index, tensor: tensor, shard: shard)
      }
      fileOfTensor[name] = file
    }
    self.init(fileOfTensor: fileOfTensor, Array(fileOfShard.values), notes, threads, cache)
  }

  private init(
    fileOfTensor: [String: TensorFile], _ openFiles: [TensorFile], _ notes: [String], _ threads: Int,
    _ cache: SweepCache?
  ) {
    (self.fileOfTensor, self.threads, self.cache) = (fileOfTensor, threads, cache)
    self.openFiles = openFiles.sorted { precedes($0.path, $1.path) }
    files = self.openFiles.map(\.path)
    self.notes = notes + self.openFiles.flatMap(\.notes)
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
  package func file(of name: String) throws(CheckpointFault) -> TensorFile {
    guard let file = fileOfTensor[name] else {
      throw .noTensor(file: files.first ?? "", name: name, nearest: nearest(to: name, among: names))
    }
    return file
  }

  package func contains(_ name: String) -> Bool { fileOfTensor[name] != nil }

  /// Dtype, shape and byte range of a tensor. Throws `.shapeMismatch` if `shape` is given and the tensor has another.
  package func info(_ name: String, shape: [Int]? = nil) throws(CheckpointFault) -> TensorInfo {
    let file = try file(of: name)
    let info = try file.info(name)
    if let shape, shape != info.shape {
      throw .shapeMismatch(file: file.path, tensor: name, expected: shape, found: info.shape)
    }
    return info
  }

  /// See `TensorFile.bytes`.
  package func bytes(_ name: String) throws(CheckpointFault) -> UnsafeRawBufferPointer {
    try file(of: name).bytes(name)
  }

  /// Releases the memory of the mapped pages; a later read loads them from the file again.
  package func releasePages() { openFiles.forEach { $0.releasePages() } }

  /// See `TensorFile.floats`.
  package func floats(_ name: String, into target: UnsafeMutablePointer<Float>) throws(CheckpointFault) {
    try file(of: name).floats(name, into: target)
  }

  /// See `TensorFile.floats`.
  package func floats(_ name: String) throws(CheckpointFault) -> [Float] { try file(of: name).floats(name) }

  /// See `TensorFile.integers`.
  package func integers(_ name: String) throws(CheckpointFault) -> [Int] { try file(of: name).integers(name) }

  /// See `TensorFile.mappedFloats`.
  package func mappedFloats(_ name: String) throws(CheckpointFault) -> UnsafePointer<Float>? {
    try file(of: name).mappedFloats(name)
  }
}
