/// A tensor of a pass: a contiguous Float32 matrix [rows, columns], used on the pass's thread only.
public import Kernels

public struct Tensor {
  public let rows, columns: Int
  var buffer: Buffer
  /// Its gradient's slot. A backward function that does not need the tensor's values captures only the slot.
  public let slot: GradientSlot

  /// Whether backward computes its gradient, as PyTorch's `requires_grad`.
  public var isTracked: Bool { slot.node != nil }
  public var count: Int { rows * columns }
  public var pointer: UnsafeMutablePointer<Float> { buffer.pointer }
  public var matrix: Matrix { Matrix(pointer, rows: rows, columns: columns) }
  /// A copy of the numbers, row by row.
  public var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

/// Where the pass accumulates a tensor's gradient.
public struct GradientSlot {
  let rows, columns: Int
  /// nil: the tensor depends on nothing trainable and needs no gradient.
  let node: Int?
}
