/// A rectangle of numbers in memory somebody else owns.
public import CKernels

/// `rows` × `columns` numbers, row i at `base + i·stride`; Float32, or bfloat16 to be read only. A transpose is a flag:
/// nothing is moved.
public struct Matrix {
  let memory: UnsafeMutableRawPointer
  public let rows, columns, stride: Int
  let isTransposed, isBF16: Bool

  public init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.init(UnsafeMutableRawPointer(base), rows, columns, stride ?? columns, false, isHalf: false)
  }

  /// bfloat16 numbers, end to end.
  public init(bf16: UnsafePointer<UInt16>, rows: Int, columns: Int) {
    self.init(UnsafeMutableRawPointer(mutating: bf16), rows, columns, columns, false, isHalf: true)
  }

  private init(
    _ memory: UnsafeMutableRawPointer, _ rows: Int, _ columns: Int, _ stride: Int, _ isTransposed: Bool, isHalf: Bool
  ) {
    self.memory = memory
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.isTransposed = isTransposed
    self.isBF16 = isHalf
  }

  /// The first number, of a matrix of Float32.
  public var base: UnsafeMutablePointer<Float> {
    precondition(!isBF16, "these numbers are bfloat16")
    return memory.assumingMemoryBound(to: Float.self)
  }

  /// As the kernels take it.
  public var kernelMatrix: tune_matrix {
    tune_matrix(base: memory, stride: stride, transposed: isTransposed ? 1 : 0, half: isBF16 ? 1 : 0)
  }

  public var transposed: Matrix { Matrix(memory, columns, rows, stride, !isTransposed, isHalf: isBF16) }

  /// The columns in `range`, of a matrix of Float32 that is not transposed.
  public func columns(_ range: Range<Int>) -> Matrix {
    precondition(!isTransposed && range.upperBound <= columns, "columns \(range) of \(rows) × \(columns)")
    return Matrix(base + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }
}
