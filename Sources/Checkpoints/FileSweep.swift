/// One sweep over files of weights, on several threads: the SHA-256 of each file, and whether all numbers are finite.
internal import CKernels
import Crypto
import Dispatch
import Files
import Synchronization

/// What a sweep finds in a file.
struct FileSweep: Sendable, Equatable {
  var sha256: String
  /// The first tensor of the file that has NaN or infinity; nil: none has.
  var damagedTensor: String?
}

/// The sweep's results, from `cache` for the files that it knows; the others are added to it.
func sweep(_ files: [SafetensorsFile], threads: Int, _ cache: SweepCache?) -> [FileSweep] {
  let remembered = cache?.read(files) ?? [:]
  let unknown = files.filter { remembered[$0.path] == nil }
  let swept = Dictionary(zip(unknown.map(\.path), sweep(unknown, threads: threads))) { first, _ in first }
  cache?.add(unknown, swept)
  return files.compactMap { remembered[$0.path] ?? swept[$0.path] }
}

/// Threads take one digest of a file, or one tensor to search, at a time. Digests come first: they take longest.
private func sweep(_ files: [SafetensorsFile], threads: Int) -> [FileSweep] {
  let tensors = files.indices.flatMap { file in files[file].namesByPosition.map { (file, $0) } }
  let digests = Mutex([String](repeating: "", count: files.count)), damaged = Mutex<[Int]>([])
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
    while case let index = next.add(1, ordering: .relaxed).oldValue, index < files.count + tensors.count {
      if index < files.count {
        let digest = digest(of: files[index].bytes)
        digests.withLock { $0[index] = digest }
      } else if case let (file, name) = tensors[index - files.count], files[file].firstNotFinite(name) != nil {
        damaged.withLock { $0.append(index - files.count) }
      }
    }
  }
  let found = damaged.withLock { $0.sorted() }
  return digests.withLock { digests in
    files.indices.map { file in
      FileSweep(sha256: digests[file], damagedTensor: found.first { tensors[$0].0 == file }.map { tensors[$0].1 })
    }
  }
}

private let chunkSize = 1 << 24

/// Chunks of a mapped file; the pages of a chunk are released after `body`.
private func forEachChunk(of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Bool) {
  for start in stride(from: 0, to: bytes.count, by: chunkSize) {
    let chunk = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + chunkSize, bytes.count)])
    let isLast = !body(chunk)
    releasePages(chunk)
    if isLast { return }
  }
}

private func digest(of bytes: UnsafeRawBufferPointer) -> String {
  var hash = SHA256()
  forEachChunk(of: bytes) { chunk in
    hash.update(bufferPointer: chunk)
    return true
  }
  return hexadecimal(hash.finalize())
}

extension SafetensorsFile {
  /// Tensor names in the order of their bytes.
  fileprivate var namesByPosition: [String] {
    tensors.sorted { ($0.value.bytes.lowerBound, $0.key) < ($1.value.bytes.lowerBound, $1.key) }.map(\.key)
  }

  /// The index of the first number that is NaN or infinite, or would be as Float32; nil: none, or not floats.
  fileprivate func firstNotFinite(_ name: String) -> Int? {
    guard let info = tensors[name], let bytes = try? bytes(name) else { return nil }
    let find: (UnsafeRawPointer?, Int) -> Int
    switch info.dtype {
    case .f16: find = tune_find_not_finite_fp16
    case .bf16: find = tune_find_not_finite_bf16
    case .f32: find = tune_find_not_finite_fp32
    case .f64: find = tune_find_not_finite_fp64
    default: return nil
    }
    var before = 0, found: Int?
    forEachChunk(of: bytes) { chunk in
      let count = chunk.count * 8 / info.dtype.bits, index = find(chunk.baseAddress, count)
      if index >= 0 { found = before + index }
      before += count
      return found == nil
    }
    return found
  }
}

extension Checkpoint {
  /// Throws `.notFinite` for the first of the tensors `names` that has NaN or infinity, in the order of their names.
  /// Tensors that are not floats are skipped. Sweeps the files if that has not been done.
  public func checkFinite(_ names: some Sequence<String>) throws(CheckpointFault) {
    if sweeps.allSatisfy({ $0.damagedTensor == nil }) { return }
    for name in names.sorted(by: precedes) {
      let file = try file(of: name)
      guard let index = file.firstNotFinite(name), let value = try? file.floats(name)[index] else { continue }
      throw .notFinite(
        file: file.path, tensor: name, value: value.isNaN ? "NaN" : value < 0 ? "-infinity" : "infinity",
        position: position(index, in: try info(name).shape))
    }
  }

  /// The tensors that have NaN or infinity, in the order of their names.
  public var damagedTensors: [String] {
    if sweeps.allSatisfy({ $0.damagedTensor == nil }) { return [] }
    return names.filter { name in (try? file(of: name))?.firstNotFinite(name) != nil }
  }
}

/// The position of element `index` of a row-major tensor, one number per axis.
private func position(_ index: Int, in shape: [Int]) -> [Int] {
  var rest = index, position: [Int] = []
  for size in shape.reversed() {
    position.insert(rest % size, at: 0)
    rest /= size
  }
  return position
}
