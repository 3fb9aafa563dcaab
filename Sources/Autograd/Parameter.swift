/// A named weight of Float32 or bfloat16 numbers, or packed. All threads read it during a step; it is written between steps.
internal import CKernels
import Glibc
package import Kernels

/// Memory that outlives a pass: a mapped file, or memory allocated here.
package protocol Storage: AnyObject, Sendable {
  /// A hint that these bytes will not be read soon. A mapped file may drop its pages.
  func release(_ bytes: UnsafeRawBufferPointer)
}

extension Storage {
  package func release(_ bytes: UnsafeRawBufferPointer) {}
}

/// Allocated Float32 memory, initially zero.
/// Sendable: written only between steps, when a single thread runs.
package final class OwnedStorage: Storage, @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>

  package init(count: Int) {
    guard let memory = calloc(max(count, 1), MemoryLayout<Float>.stride) else {
      preconditionFailure("out of memory: \(count) Float32 numbers")
    }
    pointer = memory.bindMemory(to: Float.self, capacity: count)
  }

  deinit { free(pointer) }
}

/// bfloat16 memory of frozen weights.
/// Sendable: written once, when the weights are converted.
final class BF16Storage: Storage, @unchecked Sendable {
  let pointer: UnsafeMutablePointer<UInt16>

  init(count: Int) { pointer = .allocate(capacity: max(count, 1)) }

  deinit { pointer.deallocate() }
}

/// Packed weights keep their memory themselves.
private final class PackedStorage: Storage {}

/// Sendable: as `OwnedStorage`.
package final class Parameter: @unchecked Sendable {
  package let name: String
  /// As in the checkpoint: [out, in], [d], …
  package let shape: [Int]
  private var numbers: Numbers
  private var storage: any Storage
  /// Its position in the `ParameterTable`; nil: frozen.
  package internal(set) var tableIndex: TableIndex?
  /// How many times a backward writes its gradient. More than 1 where several ops share it.
  package var gradientWrites = 1

  package struct TableIndex: Sendable {
    /// Index among the table's parameters.
    package let index: Int
    /// Offset of its gradient in `Gradients`.
    package let offset: Int
  }

  /// `pointer` must stay valid while `storage` lives. Call `makeWritable` before writing to it.
  package init(_ name: String, shape: [Int], pointer: UnsafeMutablePointer<Float>, storage: any Storage) {
    self.name = name
    self.shape = shape
    numbers = .fp32(pointer)
    self.storage = storage
  }

  package convenience init(_ name: String, shape: [Int]) {
    let storage = OwnedStorage(count: shape.reduce(1, *))
    self.init(name, shape: shape, pointer: storage.pointer, storage: storage)
  }

  /// Copies the numbers of a mapped file to allocated memory; does nothing if they are there already.
  package func makeWritable() {
    if storage is OwnedStorage { return }
    let copy = OwnedStorage(count: count)
    copy.pointer.update(from: pointer, count: count)
    (numbers, storage) = (.fp32(copy.pointer), copy)
  }

  /// Converts `parameters` to bfloat16, one after the other in one block of memory. They must be frozen, and nothing
  /// may write to them afterwards. Float32 memory that no other parameter shares is freed.
  package static func convertToBF16(_ parameters: [Parameter]) {
    let storage = BF16Storage(count: parameters.reduce(0) { $0 + $1.count })
    var next = storage.pointer
    for parameter in parameters {
      precondition(!parameter.isTrainable, "\(parameter.name) is trainable; it must stay Float32")
      tune_fp32_to_bf16(parameter.pointer, next, parameter.count)
      parameter.storage.release(UnsafeRawBufferPointer(parameter.values))
      (parameter.numbers, parameter.storage) = (.bf16(next), storage)
      next += parameter.count
    }
  }

  /// Packs a frozen matrix for inference. Nothing may write to it afterwards, and no gradient goes through it. Float32
  /// memory that no other parameter shares is freed. Does nothing if `pack` returns nil.
  package func pack(_ pack: (Matrix) -> (any PackedWeights)?) {
    precondition(!isTrainable, "\(name) is trainable; it must stay Float32")
    guard let packed = pack(matrix) else { return }
    withBytes { _ in }
    (numbers, storage) = (.packed(packed), PackedStorage())
  }

  /// Rounds the numbers to bfloat16 precision in place; they stay Float32.
  package func roundToBF16() {
    makeWritable()
    let rounded = BF16Storage(count: count)
    tune_fp32_to_bf16(pointer, rounded.pointer, count)
    tune_bf16_to_fp32(rounded.pointer, pointer, count)
  }

  /// The first number of a Float32 parameter.
  package var pointer: UnsafeMutablePointer<Float> {
    guard case .fp32(let pointer) = numbers else { preconditionFailure("\(name) is not Float32") }
    return pointer
  }

  /// The parameter itself if it is Float32, else a Float32 copy.
  package var asFloat32: Parameter {
    isFloat32 ? self : copy()
  }

  /// A frozen Float32 copy with the same name, shape and number of gradient writes, in its own memory.
  package func copy() -> Parameter {
    let storage = OwnedStorage(count: count)
    return copy(at: storage.pointer, in: storage)
  }

  /// The same in memory that `storage` keeps alive.
  package func copy(at pointer: UnsafeMutablePointer<Float>, in storage: any Storage) -> Parameter {
    let copy = Parameter(name, shape: shape, pointer: pointer, storage: storage)
    switch numbers {
    case .fp32(let numbers): pointer.update(from: numbers, count: count)
    case .bf16(let numbers): tune_bf16_to_fp32(numbers, pointer, count)
    case .packed(let weights): weights.unpack(into: pointer)
    }
    copy.gradientWrites = gradientWrites
    return copy
  }

  /// Copies a row of numbers that are not packed, as Float32.
  package func copyRow(_ row: Int, to target: UnsafeMutablePointer<Float>) {
    let first = row * columns
    switch numbers {
    case .fp32(let numbers): target.update(from: numbers + first, count: columns)
    case .bf16(let numbers): tune_bf16_to_fp32(numbers + first, target, columns)
    case .packed: preconditionFailure("\(name) is packed, which is no matrix in memory")
    }
  }

  /// Calls `body` with the numbers as they are stored, Float32 or bfloat16. Pages of a mapped file may be dropped afterwards.
  package func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    let bytes =
      switch numbers {
      case .fp32(let pointer): UnsafeRawBufferPointer(start: pointer, count: 4 * count)
      case .bf16(let pointer): UnsafeRawBufferPointer(start: pointer, count: 2 * count)
      case .packed: preconditionFailure("\(name) is packed")
      }
    body(bytes)
    storage.release(bytes)
  }

  package var count: Int { shape.reduce(1, *) }
  package var rows: Int { shape.count > 1 ? shape[0] : 1 }
  package var columns: Int { shape.last ?? 1 }
  package var offset: Int? { tableIndex?.offset }
  package var isTrainable: Bool { tableIndex != nil }
  package var isBF16: Bool { if case .bf16 = numbers { true } else { false } }
  package var isFloat32: Bool { if case .fp32 = numbers { true } else { false } }
  /// The packed weights; nil: the numbers are Float32 or bfloat16, row by row.
  package var packed: (any PackedWeights)? { if case .packed(let weights) = numbers { weights } else { nil } }
  package var matrix: Matrix { matrix(rows: rows) }

  /// A matrix of `rows` rows that starts here: its own rows and those of the parameters that follow it in memory.
  func matrix(rows: Int) -> Matrix {
    switch numbers {
    case .fp32(let pointer): Matrix(pointer, rows: rows, columns: columns)
    case .bf16(let pointer): Matrix(bf16: pointer, rows: rows, columns: columns)
    case .packed: preconditionFailure("\(name) is packed, which is no matrix in memory")
    }
  }

  /// Whether `other` begins where this parameter ends.
  package func isFollowed(by other: Parameter) -> Bool {
    switch (numbers, other.numbers) {
    case (.fp32(let pointer), .fp32(let next)): pointer + count == next
    case (.bf16(let pointer), .bf16(let next)): pointer + count == next
    default: false
    }
  }

  package var values: UnsafeMutableBufferPointer<Float> { .init(start: pointer, count: count) }

  private enum Numbers {
    case fp32(UnsafeMutablePointer<Float>)
    case bf16(UnsafeMutablePointer<UInt16>)
    case packed(any PackedWeights)
  }
}
