/// Matrix factorizations (SVD, QR) by LAPACK, on the calling thread.
internal import COpenBLAS

/// LAPACK is missing, or failed.
public struct FactorizationFault: Error, CustomStringConvertible {
  public let why: String
  public var description: String { why }
}

/// A dense matrix that owns its values, row-major.
public struct DenseMatrix: Sendable {
  public let rows, columns: Int
  public var values: [Float]

  public init(rows: Int, columns: Int, _ values: [Float]) {
    precondition(values.count == rows * columns, "\(values.count) values for [\(rows), \(columns)]")
    (self.rows, self.columns, self.values) = (rows, columns, values)
  }

  /// A Float32 copy of `matrix`, which must not be transposed.
  public init(_ matrix: Matrix) {
    precondition(!matrix.isTransposed, "DenseMatrix: the matrix is transposed")
    (rows, columns) = (matrix.rows, matrix.columns)
    values = matrix.withFloat32 { source in
      (0..<source.rows).flatMap { UnsafeBufferPointer(start: source.base + $0 * source.stride, count: source.columns) }
    }
  }

  /// The first `count` rows.
  public func firstRows(_ count: Int) -> DenseMatrix {
    DenseMatrix(rows: count, columns: columns, Array(values.prefix(count * columns)))
  }

  /// The first `count` columns.
  public func firstColumns(_ count: Int) -> DenseMatrix {
    DenseMatrix(rows: rows, columns: count, (0..<rows).flatMap { values[$0 * columns..<$0 * columns + count] })
  }

  public var transposed: DenseMatrix {
    DenseMatrix(
      rows: columns, columns: rows, (0..<columns).flatMap { c in (0..<rows).map { values[$0 * columns + c] } })
  }

  public static func * (a: DenseMatrix, b: DenseMatrix) -> DenseMatrix {
    a.withMatrix { a in b.withMatrix { b in a * b } }
  }

  public static func - (a: DenseMatrix, b: DenseMatrix) -> DenseMatrix {
    precondition(a.rows == b.rows && a.columns == b.columns, "DenseMatrix: a difference of other sizes")
    return DenseMatrix(rows: a.rows, columns: a.columns, zip(a.values, b.values).map { $0 - $1 })
  }

  public func withMatrix<Result>(_ body: (Matrix) -> Result) -> Result {
    values.withUnsafeBufferPointer {
      body(Matrix(UnsafeMutablePointer(mutating: $0.baseAddress!), rows: rows, columns: columns))
    }
  }
}

/// The matrix product, as a new dense matrix.
public func * (a: Matrix, b: Matrix) -> DenseMatrix {
  let values = [Float](unsafeUninitializedCapacity: a.rows * b.columns) { memory, count in
    gemm(a, b, into: Matrix(memory.baseAddress!, rows: a.rows, columns: b.columns))
    count = a.rows * b.columns
  }
  return DenseMatrix(rows: a.rows, columns: b.columns, values)
}

/// A [m, n] = U [m, k]·diag(s)·Vᵀ [k, n], k = min(m, n), s in descending order.
public func svd(of a: DenseMatrix) throws(FactorizationFault) -> (u: DenseMatrix, s: [Float], vt: DenseMatrix) {
  try checkLAPACK()
  let k = min(a.rows, a.columns)
  var copy = a.values, s = zeros(k), u = zeros(a.rows * k), vt = zeros(k * a.columns)
  let info = tune_svd(&copy, Int32(a.rows), Int32(a.columns), &u, &s, &vt)
  guard info == 0 else {
    throw FactorizationFault(why: "LAPACK's SVD of a [\(a.rows), \(a.columns)] matrix failed (info = \(info)).")
  }
  return (DenseMatrix(rows: a.rows, columns: k, u), s, DenseMatrix(rows: k, columns: a.columns, vt))
}

/// A [m, n] = Q [m, k]·R [k, n], k = min(m, n): the columns of Q are orthonormal, R is upper triangular.
public func qr(_ a: DenseMatrix) throws(FactorizationFault) -> (q: DenseMatrix, r: DenseMatrix) {
  try checkLAPACK()
  let k = min(a.rows, a.columns)
  var copy = a.values, q = zeros(a.rows * k), r = zeros(k * a.columns)
  let info = tune_qr(&copy, Int32(a.rows), Int32(a.columns), &q, &r)
  guard info == 0 else {
    throw FactorizationFault(why: "LAPACK's QR of a [\(a.rows), \(a.columns)] matrix failed (info = \(info)).")
  }
  return (DenseMatrix(rows: a.rows, columns: k, q), DenseMatrix(rows: k, columns: a.columns, r))
}

/// The k largest singular values and their vectors, approximately. `gaussian` [n, k] holds standard normal numbers; more
/// `iterations` give a better approximation.
/// source: Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.1, as torch.svd_lowrank
public func randomizedSVD(
  of a: DenseMatrix, gaussian: DenseMatrix, iterations: Int
) throws(FactorizationFault) -> (u: DenseMatrix, s: [Float], vt: DenseMatrix) {
  let transposed = a.transposed
  var basis = try qr(a * gaussian).q
  for _ in 0..<iterations {
    basis = try qr(transposed * basis).q
    basis = try qr(a * basis).q
  }
  let (u, s, vt) = try svd(of: basis.transposed * a)
  return (basis * u, s, vt)
}

private func zeros(_ count: Int) -> [Float] { Array(repeating: 0, count: count) }

private func checkLAPACK() throws(FactorizationFault) {
  if tune_has_lapack() == 0 {
    throw FactorizationFault(
      why: "This OpenBLAS has no LAPACK (sgesdd_, sgelqf_, sorglq_). Debian's has it: apt-get install libopenblas0.")
  }
}
