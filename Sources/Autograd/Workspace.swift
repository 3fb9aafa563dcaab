/// A pool of buffers for one thread. After the first step with the same shapes nothing is allocated.
import Glibc

/// Calls `body` once for each index below `count`, possibly on several threads, each with its own workspace.
package typealias ParallelFor = (_ count: Int, _ body: @Sendable (Int, Workspace) -> Void) throws -> Void

/// Holds returned buffers by capacity and reuses them.
package final class Workspace {
  private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
  /// The number of buffers allocated so far; constant once the shapes repeat.
  package private(set) var allocations = 0
  /// Work that other threads of `team` may take parts of.
  private let work = SharedWork()
  private var team: Team?

  package init() {}

  /// One workspace for each of `count` threads that help each other.
  package static func team(of count: Int) -> [Workspace] {
    let workspaces = (0..<count).map { _ in Workspace() }, team = Team(workspaces.map(\.work))
    for workspace in workspaces { workspace.team = team }
    return workspaces
  }

  deinit { free.values.joined().forEach { Glibc.free($0) } }

  /// An uninitialized buffer of at least `count` numbers.
  package func take(_ count: Int) -> Buffer {
    let capacity = Workspace.capacity(for: count)
    if let pointer = free[capacity]?.popLast() { return Buffer(pointer, capacity, self) }
    allocations += 1
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, capacity * 4) == 0, let memory else {
      preconditionFailure("out of memory: \(capacity * 4) bytes")
    }
    return Buffer(memory.assumingMemoryBound(to: Float.self), capacity, self)
  }

  /// Takes parts of the work of the team's other threads until `isDone`.
  package func help(until isDone: () -> Bool) { team?.help(self, until: isDone) }

  /// Calls `body` for ranges that together are 0..<count, on this thread and on idle threads of the team; returns when all
  /// are done. What `body` computes must not depend on how the numbers are divided.
  /// - Parameters:
  ///   - unit: all ranges begin at multiples of it.
  ///   - cost: of all of the work, in about the number of vector operations. Little work is not divided.
  ///   - body: gets the workspace of the thread that it runs on.
  func divide(
    _ count: Int, unit: Int = 1, cost: Int, _ body: @escaping (_ range: Range<Int>, Workspace) -> Void
  ) {
    let units = (count + unit - 1) / unit
    let parts = min(team?.availableThreads ?? 1, units, cost / Workspace.leastCost)
    if parts <= 1 { return body(0..<count, self) }
    work.run(parts, self) { part, workspace in
      body(part * units / parts * unit..<min((part + 1) * units / parts * unit, count), workspace)
    }
  }

  /// The least cost of a part that is worth waking another core for, about two microseconds.
  private static let leastCost = 4096

  /// Rounds up to a power of two, so that batches of different lengths reuse the same buffers. The unused part of a
  /// large buffer costs no memory, because the operating system maps pages on first use.
  static func capacity(for count: Int) -> Int {
    var capacity = 256
    while capacity < count { capacity *= 2 }
    return capacity
  }

  fileprivate func give(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
    free[capacity, default: []].append(pointer)
  }
}

/// Memory from a workspace; returned to it when the last reference is released.
package final class Buffer {
  package let pointer: UnsafeMutablePointer<Float>
  private let capacity: Int
  private let workspace: Workspace
  /// The buffer that this is a part of; nil: none.
  private let whole: Buffer?

  /// The same memory as bfloat16 numbers, of which it holds twice as many.
  var bf16: UnsafeMutablePointer<UInt16> { UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt16.self) }

  fileprivate init(
    _ pointer: UnsafeMutablePointer<Float>, _ capacity: Int, _ workspace: Workspace, partOf whole: Buffer? = nil
  ) {
    self.pointer = pointer
    self.capacity = capacity
    self.workspace = workspace
    self.whole = whole
  }

  deinit { if whole == nil { workspace.give(pointer, capacity) } }

  /// The same memory from `offset` on, without a copy. It keeps this buffer alive.
  func suffix(from offset: Int) -> Buffer { Buffer(pointer + offset, capacity - offset, workspace, partOf: self) }
}
