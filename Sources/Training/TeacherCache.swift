/// Caches the teachers' log-probabilities of the training examples on disk: the teachers run in the first epoch only.
import Autograd
package import Files
import Glibc
import Hashing
import Synchronization
import Tasks

/// A memory-mapped file of fixed size: a header, a checksum per example (0: not computed yet), and per row of logits
/// the k most probable classes with their log-probabilities. A record is valid if its checksum matches, so that a
/// killed run leaves a usable file.
/// Sendable: opened before the first step; only the thread with the shard of an example writes its record.
package final class TeacherCache: @unchecked Sendable {
  package var path: String { file.path }
  private let file: CacheFile
  /// Bytes of the file.
  package let size: Int
  /// Rows of logits of all examples.
  package var rows: Int { rowOffsets[rowOffsets.count - 1] }
  /// The number of examples for which the teachers had to run.
  package var misses: Int { missCount.load(ordering: .relaxed) }
  private let missCount = Atomic<Int>(0)
  private let k: Int
  /// The first row of each example, then the number of all rows.
  private let rowOffsets: [Int]
  /// The file's bytes; empty before `open`.
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  private static let headerSize = 32

  /// Does not access the disk before `open`.
  /// - Parameters:
  ///   - rows: rows of logits of each example.
  ///   - k: classes cached per row.
  package init(_ file: CacheFile, rows: [Int], k: Int) {
    self.file = file
    self.k = k
    rowOffsets = offsets(ofParts: rows)
    size = Self.headerSize + 8 * rows.count + 8 * k * rowOffsets[rows.count]
  }

  deinit { munmap(memory.baseAddress, memory.count) }

  /// Opens the file, or creates it and its folder, and reserves its disk space. A file with another header is reset.
  /// - Throws: `FileFault`.
  package func open() throws {
    let isNew = !file.exists, descriptor = try file.open()
    defer { close(descriptor) }
    // Cuts or extends the file of another configuration; zeros are no valid checksum.
    var code = ftruncate(descriptor, off_t(size)) == 0 ? 0 : errno
    if code == 0 { code = posix_fallocate(descriptor, 0, off_t(size)) }
    let mapped = code == 0 ? mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : nil
    guard let mapped, mapped != MAP_FAILED else {
      let fault = fault(code == 0 ? errno : code)
      if isNew { file.discard() }
      throw fault
    }
    memory = UnsafeMutableRawBufferPointer(start: mapped, count: size)
    let header = [0x3145_5543_4143_4554, UInt64(k), UInt64(rowOffsets.count - 1), UInt64(rows)]
    _ = memory.bindMemory(to: UInt64.self)
    if !headerAndChecksums[..<4].elementsEqual(header) {
      headerAndChecksums[4..<4 + rowOffsets.count - 1].update(repeating: 0)
      _ = headerAndChecksums[..<4].update(fromContentsOf: header)
    }
  }

  private func fault(_ code: Int32) -> FileFault {
    .unwritable(path: path, why: "\(reason(code)); the teacher cache requires \(size) bytes")
  }

  /// The four numbers of the header, then a checksum per example.
  private var headerAndChecksums: UnsafeMutableBufferPointer<UInt64> { memory.assumingMemoryBound(to: UInt64.self) }

  /// The record of an example: the classes of its rows, then their log-probabilities.
  private func record(_ example: Int) -> (
    classes: UnsafeMutableBufferPointer<Int32>, logProbabilities: UnsafeMutableBufferPointer<Float>
  ) {
    let start = Self.headerSize + 8 * (rowOffsets.count - 1) + 8 * k * rowOffsets[example]
    let bytes = 4 * k * (rowOffsets[example + 1] - rowOffsets[example])
    func part(_ start: Int) -> UnsafeMutableRawBufferPointer { .init(rebasing: memory[start..<start + bytes]) }
    return (part(start).bindMemory(to: Int32.self), part(start + bytes).bindMemory(to: Float.self))
  }

  /// The checksum of an example's record; never 0.
  private func checksum(_ example: Int) -> UInt64 {
    let record = record(example)
    var hash = FNV1a()
    for id in record.classes { hash.add(UInt64(UInt32(bitPattern: id))) }
    for logProbability in record.logProbabilities { hash.add(UInt64(logProbability.bitPattern)) }
    return hash.value | 1
  }

  /// The k most probable classes of each row of the batch. If an example is not cached, calls `computeLogits` for the
  /// batch and caches the result.
  func logProbabilities(for batch: LabeledBatch, temperature: Float, _ computeLogits: () -> Tensor)
    -> TopLogProbabilities
  {
    guard batch.examples.allSatisfy({ headerAndChecksums[4 + $0] == checksum($0) }) else {
      missCount.add(batch.examples.count, ordering: .relaxed)
      let top = TopLogProbabilities(of: computeLogits(), k: k, temperature: temperature)
      var next = 0
      for example in batch.examples {
        let record = record(example), end = next + record.classes.count
        _ = record.classes.update(fromContentsOf: top.classes[next..<end])
        _ = record.logProbabilities.update(fromContentsOf: top.logProbabilities[next..<end])
        headerAndChecksums[4 + example] = checksum(example)
        next = end
      }
      return top
    }
    let records = batch.examples.map(record)
    return TopLogProbabilities(
      k: k, classes: records.flatMap { Array($0.classes) },
      logProbabilities: records.flatMap { Array($0.logProbabilities) })
  }
}
