/// A named weight. Does not know who uses it; read by every thread during a step, written between steps.
public import Kernels

/// Numbers that outlive a pass: a mapped file, or memory of their own.
public protocol Storage: AnyObject, Sendable {}

/// Owned memory, zero at first.
/// Sendable: written only between steps, by the one thread that then runs.
public final class OwnedStorage: Storage, @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Float>
  private let count: Int

  public init(count: Int) {
    pointer = .allocate(capacity: max(count, 1))
    pointer.initialize(repeating: 0, count: count)
    self.count = count
  }

  deinit { pointer.deallocate() }
}

/// Sendable: as for `OwnedStorage`.
public final class Parameter: @unchecked Sendable {
  public let name: String
  /// As in the checkpoint: [out, in], [d], …
  public let shape: [Int]
  public private(set) var pointer: UnsafeMutablePointer<Float>
  private var storage: any Storage
  /// Its place in the `ParameterTable`; nil: frozen.
  public internal(set) var place: Place?
  /// How often a backward writes its gradient: more than once where several ops share it.
  public var writers = 1

  public struct Place: Sendable {
    /// Among the table's parameters.
    public let index: Int
    /// Where its gradient lies in `Gradients`.
    public let offset: Int
  }

  /// `pointer` must stay valid while `storage` lives. Before it is written to, call `own`.
  public init(_ name: String, shape: [Int], pointer: UnsafeMutablePointer<Float>, storage: any Storage) {
    self.name = name
    self.shape = shape
    self.pointer = pointer
    self.storage = storage
  }

  public convenience init(_ name: String, shape: [Int]) {
    let storage = OwnedStorage(count: shape.reduce(1, *))
    self.init(name, shape: shape, pointer: storage.pointer, storage: storage)
  }

  /// Makes sure that the numbers lie in memory of ours, not in a mapped file.
  public func own() {
    if storage is OwnedStorage { return }
    let copy = OwnedStorage(count: count)
    copy.pointer.update(from: pointer, count: count)
    (pointer, storage) = (copy.pointer, copy)
  }

  public var count: Int { shape.reduce(1, *) }
  public var rows: Int { shape.count > 1 ? shape[0] : 1 }
  public var columns: Int { shape.last ?? 1 }
  public var offset: Int? { place?.offset }
  public var isTrainable: Bool { place != nil }
  public var matrix: Matrix { Matrix(pointer, rows: rows, columns: columns) }
  public var values: UnsafeMutableBufferPointer<Float> { .init(start: pointer, count: count) }
}
