/// One sweep over files of weights, on several threads: the SHA-256 of each file, whether all numbers are finite, and
/// whether the parts of an archive have their checksums.
internal import CKernels
import Crypto
import Dispatch
import Files
import Hashing
import Synchronization

/// What a sweep finds in a file.
struct FileSweep: Sendable, Equatable {
  var sha256: String
  /// Whether no tensor has NaN or infinity, and no part of an archive a wrong checksum.
  var isSound: Bool
}

/// The sweep's results, from `cache` for the files that it knows; the others are added to it.
func sweep(_ files: [TensorFile], threads: Int, _ cache: SweepCache?) -> [FileSweep] {
  let remembered = cache?.read(files) ?? [:]
  let unknown = files.filter { remembered[$0.path] == nil }
  let swept = Dictionary(zip(unknown.map(\.path), sweep(unknown, threads: threads))) { first, _ in first }
  cache?.add(unknown, swept)
  return files.compactMap { remembered[$0.path] ?? swept[$0.path] }
}

/// Threads take one digest of a file, or one part of a file to check, at a time. Digests come first: they take
/// longest.
private func sweep(_ files: [TensorFile], threads: Int) -> [FileSweep] {
  let checks = files.indices.flatMap { file in files[file].checks.map { (file, $0) } }
  let sweeps = Mutex([FileSweep](repeating: FileSweep(sha256: "", isSound: true), count: files.count))
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
    while case let index = next.add(1, ordering: .relaxed).oldValue, index < files.count + checks.count {
      if index < files.count {
        let digest = digest(of: files[index].bytes)
        sweeps.withLock { $0[index].sha256 = digest }
      } else if case let (file, check) = checks[index - files.count], !files[file].passes(check) {
        sweeps.withLock { $0[file].isSound = false }
      }
    }
  }
  return sweeps.withLock { $0 }
}

/// Small enough for a chunk to be in the cache still when it is looked at a second time.
private let chunkSize = 1 << 20

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

extension TensorFile {
  /// A part of a file to read once: a checksum to compare, a tensor to look through, or both of the same bytes.
  fileprivate struct Check {
    var checksum: TorchFile.Checksum?
    var tensor: String?
  }

  /// In the order of their bytes.
  fileprivate var checks: [Check] {
    let parts = Dictionary(checksums.indices.map { (checksums[$0].bytes, $0) }) { first, _ in first }
    var rest = Set(checksums.indices)
    let tensors = tensors.sorted { ($0.value.bytes.lowerBound, $0.key) < ($1.value.bytes.lowerBound, $1.key) }
    let checks = tensors.map { name, info in
      let part = info.copy == nil ? parts[info.bytes].flatMap { rest.remove($0) } : nil
      return Check(checksum: part.map { checksums[$0] }, tensor: name)
    }
    return checks + rest.sorted().map { Check(checksum: checksums[$0]) }
  }

  fileprivate func passes(_ check: Check) -> Bool {
    guard let checksum = check.checksum else { return firstNotFinite(check.tensor ?? "") == nil }
    let type = check.tensor.flatMap { tensors[$0]?.dtype }
    var value: UInt32 = 0, isFinite = true
    forEachChunk(of: UnsafeRawBufferPointer(rebasing: bytes[checksum.bytes])) { chunk in
      value = crc32(chunk, after: value)
      isFinite = type?.firstNotFinite(chunk) == nil
      return isFinite
    }
    return isFinite && value == checksum.value
  }

  fileprivate func has(_ checksum: TorchFile.Checksum) -> Bool { passes(Check(checksum: checksum)) }

  /// The index of the first number that is NaN or infinite, or would be as Float32; nil: none, or not floats.
  fileprivate func firstNotFinite(_ name: String) -> Int? {
    guard let info = tensors[name], let bytes = try? bytes(name) else { return nil }
    var before = 0, found: Int?
    forEachChunk(of: bytes) { chunk in
      found = info.dtype.firstNotFinite(chunk).map { before + $0 }
      before += chunk.count * 8 / info.dtype.bits
      return found == nil
    }
    return found
  }
}

extension DType {
  /// The index of the first number of `bytes` that is NaN or infinite, or would be as Float32; nil: none, or not floats.
  fileprivate func firstNotFinite(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let find: (UnsafeRawPointer?, Int) -> Int
    switch self {
    case .f16: find = tune_find_not_finite_fp16
    case .bf16: find = tune_find_not_finite_bf16
    case .f32: find = tune_find_not_finite_fp32
    case .f64: find = tune_find_not_finite_fp64
    default: return nil
    }
    let index = find(bytes.baseAddress, bytes.count * 8 / bits)
    return index >= 0 ? index : nil
  }
}

extension Checkpoint {
  /// Throws `.notFinite` for the first of the tensors `names` that has NaN or infinity, in the order of their names, and
  /// `.torch` for a part of a file that does not have its checksum. Tensors that are not floats are skipped. Sweeps the
  /// files if that has not been done.
  package func checkFinite(_ names: some Sequence<String>) throws(CheckpointFault) {
    if sweeps.allSatisfy(\.isSound) { return }
    for file in openFiles {
      guard let damaged = file.checksums.first(where: { !file.has($0) }) else { continue }
      throw .torch(file: file.path, .wrongChecksum(entry: damaged.entry))
    }
    for name in names.sorted(by: precedes) {
      let file = try file(of: name)
      guard let index = file.firstNotFinite(name), let value = try? file.floats(name)[index] else { continue }
      throw .notFinite(
        file: file.path, tensor: name, value: value.isNaN ? "NaN" : value < 0 ? "-infinity" : "infinity",
        position: position(index, in: try info(name).shape))
    }
  }

  /// The tensors that have NaN or infinity, or are in a part of a file with a wrong checksum, in the order of their
  /// names.
  package var damagedTensors: [(name: String, found: String)] {
    if sweeps.allSatisfy(\.isSound) { return [] }
    let damaged = openFiles.map { file in file.checksums.filter { !file.has($0) } }
    return names.compactMap { name in
      guard let file = try? file(of: name), let info = try? file.info(name),
        let index = openFiles.firstIndex(where: { $0 === file })
      else { return nil }
      if info.copy == nil, damaged[index].contains(where: { $0.bytes.overlaps(info.bytes) }) {
        return (name, "a wrong checksum")
      }
      return file.firstNotFinite(name).map { _ in (name, "NaN or infinity") }
    }
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
