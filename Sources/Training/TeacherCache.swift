/// What teachers said of each training example, on disk, so that from the second epoch on nobody asks them again.
import Autograd
import Files
import Glibc
public import Synchronization
import Tasks

/// A file of fixed size: a header, a checksum an example (0: not there yet), and for each row k classes with their
/// log-probabilities. It is right at any moment: a record counts when its checksum agrees.
/// Sendable: an example's bytes are written by the one thread that has it in its lesson.
public final class TeacherCache: @unchecked Sendable {
  private let memory: UnsafeMutableRawPointer
  private let size: Int
  private let k: Int
  /// By example: the first of its rows; at the end, all rows.
  private let firsts: [Int]
  /// How often an example's answers were asked of the teachers.
  public let asked = Atomic<Int>(0)

  private static let header = 32

  /// Bytes of the file.
  public static func size(rows: [Int], k: Int) -> Int { header + 8 * rows.count + 8 * k * rows.reduce(0, +) }

  /// Opens the file, or makes it and takes its room on the disk.
  /// - Parameters:
  ///   - rows: rows of logits of each example.
  ///   - k: classes kept of a row.
  public init(path: String, rows: [Int], k: Int) throws {
    self.k = k
    firsts = rows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
    size = Self.size(rows: rows, k: k)
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileFault.unwritable(path: path, why: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    let code = posix_fallocate(descriptor, 0, off_t(size))
    guard code == 0 else { throw FileFault.unwritable(path: path, why: String(cString: strerror(code))) }
    let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    guard let mapped, mapped != MAP_FAILED else {
      throw FileFault.unwritable(path: path, why: String(cString: strerror(errno)))
    }
    memory = mapped
    let identity = [0x3145_5543_4143_4554, UInt64(k), UInt64(rows.count), UInt64(firsts.last ?? 0)]
    let words = memory.bindMemory(to: UInt64.self, capacity: 4 + rows.count)
    if (0..<4).contains(where: { words[$0] != identity[$0] }) {
      for example in rows.indices { words[4 + example] = 0 }
      for index in 0..<4 { words[index] = identity[index] }
    }
  }

  deinit { munmap(memory, size) }

  private func checksum(_ example: Int) -> UnsafeMutablePointer<UInt64> {
    (memory + Self.header + 8 * example).assumingMemoryBound(to: UInt64.self)
  }

  /// The record of an example: its rows' classes, then their log-probabilities.
  private func record(_ example: Int) -> UnsafeMutableRawBufferPointer {
    let start = Self.header + 8 * (firsts.count - 1) + 8 * k * firsts[example]
    return UnsafeMutableRawBufferPointer(
      start: memory + start, count: 8 * k * (firsts[example + 1] - firsts[example]))
  }

  /// Never 0.
  private func sum(of record: UnsafeMutableRawBufferPointer) -> UInt64 {
    let words = record.bindMemory(to: UInt64.self)
    return words.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ $1) &* 0x100_0000_01B3 } | 1
  }

  /// The k most probable classes of each of the lesson's rows at `temperature`; `ask` makes the logits where they are
  /// not known yet, and what it says is kept.
  func answers(to lesson: Lesson, temperature: Float, _ ask: () -> Tensor) -> TopLogProbabilities {
    let isKnown = lesson.examples.allSatisfy { checksum($0).pointee == sum(of: record($0)) }
    if !isKnown {
      asked.add(lesson.examples.count, ordering: .relaxed)
      let top = TopLogProbabilities(of: ask(), k: k, temperature: temperature)
      var row = 0
      for example in lesson.examples {
        let record = record(example), count = k * (firsts[example + 1] - firsts[example])
        top.classes.withUnsafeBytes { record.copyMemory(from: .init(rebasing: $0[4 * row..<4 * (row + count)])) }
        top.logs.withUnsafeBytes {
          (record.baseAddress! + 4 * count).copyMemory(from: $0.baseAddress! + 4 * row, byteCount: 4 * count)
        }
        checksum(example).pointee = sum(of: record)
        row += count
      }
      return top
    }
    var classes: [Int32] = [], logs: [Float] = []
    for example in lesson.examples {
      let record = record(example), count = k * (firsts[example + 1] - firsts[example])
      classes += UnsafeRawBufferPointer(rebasing: record[..<(4 * count)]).bindMemory(to: Int32.self)
      logs += UnsafeRawBufferPointer(rebasing: record[(4 * count)...]).bindMemory(to: Float.self)
    }
    return TopLogProbabilities(k: k, classes: classes, logs: logs)
  }
}
