/// A named weight, of Float32 or bfloat16 numbers. Does not know who uses it; read by every thread during a
/// step, written between steps.
internal import CKernels
import Glibc
public import Kernels

/// Numbers that outlive a pass: a mapped file, or memory of their own.
public protocol Storage: AnyObject, Sendable {
  /// Says that these bytes will not be read soon: memory that can be had again may be let go.
  func release(_ bytes: UnsafeRawBufferPointer)
}

extension Storage {
  public func release(_ bytes: UnsafeRawBufferPointer) {}
}

/// Owned memory, zero at first.
/// Sendable: written only between steps, by the one thread that then runs.
public final class OwnedStorage: Storage, @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Float>

  public init(count: Int) {
    guard let memory = calloc(max(count, 1), MemoryLayout<Float>.stride) else {
      preconditionFailure("no memory for \(count) numbers")
    }
    pointer = memory.bindMemory(to: Float.self, capacity: count)
  }

  deinit { free(pointer) }
}

/// bfloat16 numbers, as a frozen weight keeps them.
/// Sendable: written once, when they are made.
final class BF16Storage: Storage, @unchecked Sendable {
  let pointer: UnsafeMutablePointer<UInt16>

  init(count: Int) { pointer = .allocate(capacity: max(count, 1)) }

  deinit { pointer.deallocate() }
}

/// Sendable: as for `OwnedStorage`.
public final class Parameter: @unchecked Sendable {
  public let name: String
  /// As in the checkpoint: [out, in], [d], …
  public let shape: [Int]
  private var numbers: Numbers
  private var storage: any Storage
  /// Its place in the `ParameterTable`; nil: frozen.
  public internal(set) var tableIndex: TableIndex?
  /// How often a backward writes its gradient: more than once where several ops share it.
  public var useCount = 1

  public struct TableIndex: Sendable {
    /// Among the table's parameters.
    public let index: Int
    /// Where its gradient lies in `Gradients`.
    public let offset: Int
  }

  /// `pointer` must stay valid while `storage` lives. Before it is written to, call `own`.
  public init(_ name: String, shape: [Int], pointer: UnsafeMutablePointer<Float>, storage: any Storage) {
    self.name = name
    self.shape = shape
    numbers = .fp32(pointer)
    self.storage = storage
  }

  public convenience init(_ name: String, shape: [Int]) {
    let storage = OwnedStorage(count: shape.reduce(1, *))
    self.init(name, shape: shape, pointer: storage.pointer, storage: storage)
  }

  /// Makes sure that the numbers lie in memory of ours, not in a mapped file.
  public func makeWritable() {
    if storage is OwnedStorage { return }
    let copy = OwnedStorage(count: count)
    copy.pointer.update(from: pointer, count: count)
    (numbers, storage) = (.fp32(copy.pointer), copy)
  }

  /// Rounds the numbers of `parameters`, which nobody may want to write any more, to bfloat16, one after the other in
  /// one piece of memory. Float32 numbers that no other parameter shares are let go.
  public static func convertToBF16(_ parameters: [Parameter]) {
    let storage = BF16Storage(count: parameters.reduce(0) { $0 + $1.count })
    var next = storage.pointer
    for parameter in parameters {
      precondition(!parameter.isTrainable, "\(parameter.name) learns: it stays Float32")
      tune_fp32_to_bf16(parameter.pointer, next, parameter.count)
      parameter.storage.release(UnsafeRawBufferPointer(parameter.values))
      (parameter.numbers, parameter.storage) = (.bf16(next), storage)
      next += parameter.count
    }
  }

  /// Rounds the numbers to bfloat16 where they are, as Float32.
  public func roundToBF16() {
    makeWritable()
    let halves = BF16Storage(count: count)
    tune_fp32_to_bf16(pointer, halves.pointer, count)
    tune_bf16_to_fp32(halves.pointer, pointer, count)
  }

  /// The first number, of a parameter that is not narrowed.
  public var pointer: UnsafeMutablePointer<Float> {
    guard case .fp32(let pointer) = numbers else { preconditionFailure("\(name) is kept in bfloat16") }
    return pointer
  }

  /// The same numbers as Float32: itself, or a copy of what is kept in bfloat16.
  public var asFloat32: Parameter {
    guard case .bf16(let pointer) = numbers else { return self }
    let copy = Parameter(name, shape: shape)
    tune_bf16_to_fp32(pointer, copy.pointer, count)
    return copy
  }

  /// Lets `body` read the numbers as they are kept; memory that can be had again may then be let go.
  public func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    let bytes =
      switch numbers {
      case .fp32(let pointer): UnsafeRawBufferPointer(start: pointer, count: 4 * count)
      case .bf16(let pointer): UnsafeRawBufferPointer(start: pointer, count: 2 * count)
      }
    body(bytes)
    storage.release(bytes)
  }

  public var count: Int { shape.reduce(1, *) }
  public var rows: Int { shape.count > 1 ? shape[0] : 1 }
  public var columns: Int { shape.last ?? 1 }
  public var offset: Int? { tableIndex?.offset }
  public var isTrainable: Bool { tableIndex != nil }
  public var isBF16: Bool { if case .bf16 = numbers { true } else { false } }
  public var matrix: Matrix { matrix(rows: rows) }

  /// As if it had this many rows: its own, and those of parameters that lie behind it.
  func matrix(rows: Int) -> Matrix {
    switch numbers {
    case .fp32(let pointer): Matrix(pointer, rows: rows, columns: columns)
    case .bf16(let pointer): Matrix(bf16: pointer, rows: rows, columns: columns)
    }
  }

  public var values: UnsafeMutableBufferPointer<Float> { .init(start: pointer, count: count) }

  private enum Numbers {
    case fp32(UnsafeMutablePointer<Float>)
    case bf16(UnsafeMutablePointer<UInt16>)
  }
}
