/// A tensor of a pass: a contiguous Float32 matrix [rows, columns], used on the pass's thread only.
package import Kernels

package struct Tensor {
  package let rows, columns: Int
  var buffer: Buffer
  /// Its gradient's slot. A backward function that does not need the tensor's values captures only the slot.
  package let slot: GradientSlot

  /// Whether backward computes its gradient, as PyTorch's `requires_grad`.
  package var isTracked: Bool { slot.node != nil }
  package var count: Int { rows * columns }
  package var pointer: UnsafeMutablePointer<Float> { buffer.pointer }
  package var matrix: Matrix { Matrix(pointer, rows: rows, columns: columns) }
  /// A copy of the numbers, row by row.
  package var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

/// Where the pass accumulates a tensor's gradient.
package struct GradientSlot {
  let rows, columns: Int
  /// nil: the tensor depends on nothing trainable and needs no gradient.
  let node: Int?
}
