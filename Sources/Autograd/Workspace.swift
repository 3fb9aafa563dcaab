/// Memory that a step borrows and gives back, so that from the second step on nothing is allocated. One per thread.
import Glibc

/// Keeps what was given back, by size; hands it out again.
public final class Workspace {
  private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
  /// Buffers that had to be made; stands still once the shapes repeat.
  public private(set) var allocations = 0

  public init() {}

  deinit { free.values.joined().forEach { Glibc.free($0) } }

  /// A buffer of at least `count` numbers with undefined contents.
  public func take(_ count: Int) -> Buffer {
    let capacity = Workspace.capacity(for: count)
    if let pointer = free[capacity]?.popLast() { return Buffer(pointer, capacity, self) }
    allocations += 1
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, capacity * 4) == 0, let memory else {
      preconditionFailure("out of memory: \(capacity * 4) bytes")
    }
    return Buffer(memory.assumingMemoryBound(to: Float.self), capacity, self)
  }

  /// Sizes are rounded up to powers of two, so that batches of other lengths find the same buffers again, and half-width
  /// buffers are not served from full-width ones. What is never touched of a large buffer costs no memory: the kernel
  /// gives pages on first use.
  static func capacity(for count: Int) -> Int {
    var capacity = 256
    while capacity < count { capacity *= 2 }
    return capacity
  }

  fileprivate func give(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int) {
    free[capacity, default: []].append(pointer)
  }
}

/// A piece of a workspace; returns to it when the last owner lets go.
public final class Buffer {
  public let pointer: UnsafeMutablePointer<Float>
  private let capacity: Int
  private let workspace: Workspace

  /// The same memory, for twice as many bfloat16.
  var bf16: UnsafeMutablePointer<UInt16> { UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt16.self) }

  fileprivate init(_ pointer: UnsafeMutablePointer<Float>, _ capacity: Int, _ home: Workspace) {
    self.pointer = pointer
    self.capacity = capacity
    self.workspace = home
  }

  deinit { workspace.give(pointer, capacity) }
}
