/// A rectangle of Float32 in memory somebody else owns, and the product of two.
internal import COpenBLAS

/// `rows` × `columns` numbers, row i at `base + i·stride`. A transpose is a flag: nothing is moved.
public struct Matrix {
  public let base: UnsafeMutablePointer<Float>
  public let rows, columns, stride: Int
  let isTransposed: Bool

  public init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
    self.init(base, rows, columns, stride ?? columns, false)
  }

  private init(_ base: UnsafeMutablePointer<Float>, _ rows: Int, _ columns: Int, _ stride: Int, _ isTransposed: Bool) {
    self.base = base
    self.rows = rows
    self.columns = columns
    self.stride = stride
    self.isTransposed = isTransposed
  }

  public var transposed: Matrix { Matrix(base, columns, rows, stride, !isTransposed) }

  /// The columns in `range`, of a matrix that is not transposed.
  public func columns(_ range: Range<Int>) -> Matrix {
    precondition(!isTransposed && range.upperBound <= columns, "columns \(range) of \(rows) × \(columns)")
    return Matrix(base + range.lowerBound, rows, range.count, stride, false)
  }
}

/// c = alpha·a·b + beta·c      a [m, k]   b [k, n]   c [m, n], on the calling thread
public func gemm(_ a: Matrix, _ b: Matrix, into c: Matrix, alpha: Float = 1, beta: Float = 0) {
  precondition(
    a.columns == b.rows && c.rows == a.rows && c.columns == b.columns && !c.isTransposed,
    "gemm: [\(a.rows), \(a.columns)]·[\(b.rows), \(b.columns)] into [\(c.rows), \(c.columns)]")
  guard c.rows > 0 && c.columns > 0 else { return }
  tune_sgemm(
    a.isTransposed ? 1 : 0, b.isTransposed ? 1 : 0, Int32(c.rows), Int32(c.columns), Int32(a.columns), alpha, a.base,
    Int32(a.stride), b.base, Int32(b.stride), beta, c.base, Int32(c.stride))
}
