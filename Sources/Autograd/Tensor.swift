/// What flows through a pass: a contiguous Float32 matrix [rows, columns] that lives on its pass's thread.
public import Kernels

public struct Tensor {
  public let rows, columns: Int
  var buffer: Buffer
  /// The place of its gradient; what backward keeps of a tensor whose numbers it does not need.
  public let slot: GradientSlot

  public var isTracked: Bool { slot.node != nil }
  public var count: Int { rows * columns }
  public var pointer: UnsafeMutablePointer<Float> { buffer.pointer }
  public var matrix: Matrix { Matrix(pointer, rows: rows, columns: columns) }
  /// A copy of the numbers, row by row.
  public var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

/// Where a tensor's gradient is kept in its pass: all that backward must know of an input that it does not read.
public struct GradientSlot {
  let rows, columns: Int
  /// nil when nothing below the tensor learns.
  let node: Int?
}
