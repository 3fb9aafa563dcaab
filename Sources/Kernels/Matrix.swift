/// A rectangle of numbers in memory somebody else owns.

/// `rows` × `columns` numbers, row i at `base + i·stride`; Float32, or bfloat16 to be read only. A transpose is a flag:
/// nothing is moved.
public struct Matrix {
  let memory: UnsafeMutableRawPointer
  public let rows, columns, stride: Int
  let isTransposed, isHalf: Bool

  public init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.init(UnsafeMutableRawPointer(base), rows, columns, stride ?? columns, false, isHalf: false)
  }

  /// bfloat16 numbers, end to end.
  public init(halves: UnsafePointer<UInt16>, rows: Int, columns: Int) {
    self.init(UnsafeMutableRawPointer(mutating: halves), rows, columns, columns, false, isHalf: true)
  }

  private init(
    _ memory: UnsafeMutableRawPointer, _ rows: Int, _ columns: Int, _ stride: Int, _ isTransposed: Bool, isHalf: Bool
  ) {
    self.memory = memory
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.isTransposed = isTransposed
    self.isHalf = isHalf
  }

  /// The first number, of a matrix of Float32.
  public var base: UnsafeMutablePointer<Float> {
    precondition(!isHalf, "these numbers are bfloat16")
    return memory.assumingMemoryBound(to: Float.self)
  }

  public var transposed: Matrix { Matrix(memory, columns, rows, stride, !isTransposed, isHalf: isHalf) }

  /// The columns in `range`, of a matrix of Float32 that is not transposed.
  public func columns(_ range: Range<Int>) -> Matrix {
    precondition(!isTransposed && range.upperBound <= columns, "columns \(range) of \(rows) × \(columns)")
    return Matrix(base + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }
}
