/// A view of a matrix in memory that it does not own.
package import CKernels

/// `rows` × `columns` numbers, row i at `base + i·stride`; Float32, or read-only bfloat16. A transpose is a flag: no
/// number is moved.
package struct Matrix {
  let memory: UnsafeMutableRawPointer
  package let rows, columns, stride: Int
  let isTransposed, isBF16: Bool

  package init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.init(UnsafeMutableRawPointer(base), rows, columns, stride ?? columns, false, isBF16: false)
  }

  /// bfloat16 numbers, contiguous.
  package init(bf16: UnsafePointer<UInt16>, rows: Int, columns: Int) {
    self.init(UnsafeMutableRawPointer(mutating: bf16), rows, columns, columns, false, isBF16: true)
  }

  private init(
    _ memory: UnsafeMutableRawPointer, _ rows: Int, _ columns: Int, _ stride: Int, _ isTransposed: Bool, isBF16: Bool
  ) {
    self.memory = memory
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.isTransposed = isTransposed
    self.isBF16 = isBF16
  }

  /// The first number of a Float32 matrix.
  package var base: UnsafeMutablePointer<Float> {
    precondition(!isBF16, "Matrix.base: expected Float32, found bfloat16")
    return memory.assumingMemoryBound(to: Float.self)
  }

  /// The same matrix for the C kernels.
  package var kernelMatrix: tune_matrix {
    tune_matrix(base: memory, stride: stride, transposed: isTransposed ? 1 : 0, bf16: isBF16 ? 1 : 0)
  }

  package var transposed: Matrix { Matrix(memory, columns, rows, stride, !isTransposed, isBF16: isBF16) }

  /// The rows in `range`, in the same memory.
  package func rows(_ range: Range<Int>) -> Matrix {
    precondition(range.upperBound <= rows, "rows \(range) of \(rows) × \(columns)")
    let offset = range.lowerBound * (isTransposed ? 1 : stride) * (isBF16 ? 2 : 4)
    return Matrix(memory + offset, range.count, columns, stride, isTransposed, isBF16: isBF16)
  }

  /// The columns in `range`, in the same memory.
  package func columns(_ range: Range<Int>) -> Matrix { transposed.rows(range).transposed }
}
