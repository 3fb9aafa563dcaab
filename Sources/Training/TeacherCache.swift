import Autograd
import Files
import Glibc
/// What teachers said of each training example, on disk, so that from the second epoch on nobody asks them again.
import Hashing
import Synchronization
import Tasks

/// A file of fixed size: a header, a checksum an example (0: not there yet), and for each row k classes with their
/// log-probabilities. It is right at any moment: a record counts when its checksum agrees.
/// Sendable: opened before the first lesson; an example's bytes are written by the one thread that has it in its lesson.
public final class TeacherCache: @unchecked Sendable {
  public let path: String
  /// Bytes of the file.
  public let size: Int
  /// Rows of logits of all examples.
  public var rows: Int { rowOffsets[rowOffsets.count - 1] }
  /// How often an example's answers were asked of the teachers.
  public var misses: Int { missCount.load(ordering: .relaxed) }
  private let missCount = Atomic<Int>(0)
  private let k: Int
  /// By example: the first of its rows; at the end, all rows.
  private let rowOffsets: [Int]
  /// The file's bytes, while it is open.
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  private static let header = 32

  /// Touches no disk before `open`.
  /// - Parameters:
  ///   - rows: rows of logits of each example.
  ///   - k: classes kept of a row.
  public init(path: String, rows: [Int], k: Int) {
    self.path = path
    self.k = k
    rowOffsets = rows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    size = Self.header + 8 * rows.count + 8 * k * rowOffsets[rows.count]
  }

  deinit { munmap(memory.baseAddress, memory.count) }

  /// Opens the file, or makes it and its folder, and takes its room on the disk. A file of another shape is made anew.
  public func open() throws {
    try makeFolder(parentFolder(of: path))
    let isNew = !fileExists(path)
    let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw fault(errno) }
    defer { close(descriptor) }
    // A file that is too long was another's; one that is too short is filled up with what is no checksum.
    var code = ftruncate(descriptor, off_t(size)) == 0 ? 0 : errno
    if code == 0 { code = posix_fallocate(descriptor, 0, off_t(size)) }
    let mapped = code == 0 ? mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : nil
    guard let mapped, mapped != MAP_FAILED else {
      let fault = fault(code == 0 ? errno : code)
      if isNew { unlink(path) }
      throw fault
    }
    memory = UnsafeMutableRawBufferPointer(start: mapped, count: size)
    let identity = [0x3145_5543_4143_4554, UInt64(k), UInt64(rowOffsets.count - 1), UInt64(rows)]
    _ = memory.bindMemory(to: UInt64.self)
    if !words[..<4].elementsEqual(identity) {
      words[4..<4 + rowOffsets.count - 1].update(repeating: 0)
      _ = words[..<4].update(fromContentsOf: identity)
    }
  }

  private func fault(_ code: Int32) -> FileFault {
    .unwritable(path: path, why: "\(reason(code)); the teachers' answers want \(size) bytes")
  }

  /// The header's four, then a checksum an example.
  private var words: UnsafeMutableBufferPointer<UInt64> { memory.assumingMemoryBound(to: UInt64.self) }

  /// The record of an example: its rows' classes, then their log-probabilities.
  private func record(_ example: Int) -> (
    classes: UnsafeMutableBufferPointer<Int32>, logs: UnsafeMutableBufferPointer<Float>
  ) {
    let start = Self.header + 8 * (rowOffsets.count - 1) + 8 * k * rowOffsets[example]
    let bytes = 4 * k * (rowOffsets[example + 1] - rowOffsets[example])
    func part(_ start: Int) -> UnsafeMutableRawBufferPointer { .init(rebasing: memory[start..<start + bytes]) }
    return (part(start).bindMemory(to: Int32.self), part(start + bytes).bindMemory(to: Float.self))
  }

  /// Never 0.
  private func sum(_ example: Int) -> UInt64 {
    let record = record(example)
    var hash = FNV1a()
    for id in record.classes { hash.add(UInt64(UInt32(bitPattern: id))) }
    for logProbability in record.logs { hash.add(UInt64(logProbability.bitPattern)) }
    return hash.value | 1
  }

  /// The k most probable classes of each of the lesson's rows at `temperature`; `ask` makes the logits where they are
  /// not known yet, and what it says is kept.
  func logProbabilities(to lesson: Lesson, temperature: Float, _ ask: () -> Tensor) -> TopLogProbabilities {
    guard lesson.examples.allSatisfy({ words[4 + $0] == sum($0) }) else {
      missCount.add(lesson.examples.count, ordering: .relaxed)
      let top = TopLogProbabilities(of: ask(), k: k, temperature: temperature)
      var next = 0
      for example in lesson.examples {
        let record = record(example), end = next + record.classes.count
        _ = record.classes.update(fromContentsOf: top.classes[next..<end])
        _ = record.logs.update(fromContentsOf: top.logProbabilities[next..<end])
        words[4 + example] = sum(example)
        next = end
      }
      return top
    }
    let records = lesson.examples.map(record)
    return TopLogProbabilities(
      k: k, classes: records.flatMap { Array($0.classes) }, logs: records.flatMap { Array($0.logs) })
  }
}
