/// Products with int8 weights in a pass, on all threads that are idle.
import Kernels

/// The rows of x in 8 bits, for products with int8 weights.
struct QuantizedTensor {
  private let rows: Int8Rows
  /// Keeps the memory.
  private let buffer: Buffer

  init(_ x: Tensor, _ pass: Pass) {
    buffer = pass.workspace.take(Int8Rows.size(x.rows, x.columns))
    let quantized = Int8Rows(buffer.pointer, rows: x.rows, columns: x.columns), matrix = x.matrix
    rows = quantized
    pass.divideRows(x) { quantized.quantize(matrix, $0) }
  }

  /// c = x·Wᵀ + bias, divided by outputs.
  func multiply(_ weights: Int8Weights, into c: Matrix, bias: UnsafePointer<Float>?, _ pass: Pass) {
    pass.divide(weights.rows, unit: 32, cost: c.rows * c.columns * weights.columns / 64) { [rows] outputs, _ in
      rows.multiply(weights, outputs: outputs, into: c.columns(outputs), bias: bias)
    }
  }
}
