/// A matrix as a product of simpler ones, by LAPACK, on the calling thread.
internal import COpenBLAS

/// LAPACK is not there, or did not succeed.
public struct FactorizationFault: Error, CustomStringConvertible {
  public let why: String
  public var description: String { why }
}

/// A dense matrix of its own, row by row.
public struct DenseMatrix: Sendable {
  public let rows, columns: Int
  public var values: [Float]

  public init(rows: Int, columns: Int, _ values: [Float]) {
    precondition(values.count == rows * columns, "\(values.count) values for [\(rows), \(columns)]")
    (self.rows, self.columns, self.values) = (rows, columns, values)
  }

  /// The numbers of `matrix`, which is not transposed, as Float32.
  public init(_ matrix: Matrix) {
    precondition(!matrix.isTransposed, "a table of a transposed matrix")
    (rows, columns) = (matrix.rows, matrix.columns)
    values = matrix.withFloat32 { wide in
      (0..<wide.rows).flatMap { UnsafeBufferPointer(start: wide.base + $0 * wide.stride, count: wide.columns) }
    }
  }

  /// The first rows.
  public func firstRows(_ count: Int) -> DenseMatrix {
    DenseMatrix(rows: count, columns: columns, Array(values.prefix(count * columns)))
  }

  /// The first columns.
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

  public func withMatrix<Result>(_ body: (Matrix) -> Result) -> Result {
    values.withUnsafeBufferPointer {
      body(Matrix(UnsafeMutablePointer(mutating: $0.baseAddress!), rows: rows, columns: columns))
    }
  }
}

/// The product, in memory of its own.
public func * (a: Matrix, b: Matrix) -> DenseMatrix {
  let values = [Float](unsafeUninitializedCapacity: a.rows * b.columns) { memory, count in
    gemm(a, b, into: Matrix(memory.baseAddress!, rows: a.rows, columns: b.columns))
    count = a.rows * b.columns
  }
  return DenseMatrix(rows: a.rows, columns: b.columns, values)
}

/// A [m, n] = U [m, k]·diag(s)·Vᵀ [k, n], k = min(m, n), s falling.
public func svd(of a: DenseMatrix) throws(FactorizationFault) -> (u: DenseMatrix, s: [Float], vt: DenseMatrix) {
  try checkLAPACK()
  let least = min(a.rows, a.columns)
  var copy = a.values, s = zeros(least), u = zeros(a.rows * least), vt = zeros(least * a.columns)
  let info = tune_svd(&copy, Int32(a.rows), Int32(a.columns), &u, &s, &vt)
  guard info == 0 else {
    throw FactorizationFault(why: "LAPACK found no singular values of [\(a.rows), \(a.columns)] (\(info)).")
  }
  return (DenseMatrix(rows: a.rows, columns: least, u), s, DenseMatrix(rows: least, columns: a.columns, vt))
}

/// A [m, n] = Q [m, k]·R [k, n], k = min(m, n): columns that are orthogonal, and an upper triangle.
public func qr(_ a: DenseMatrix) throws(FactorizationFault) -> (q: DenseMatrix, r: DenseMatrix) {
  try checkLAPACK()
  let least = min(a.rows, a.columns)
  var copy = a.values, q = zeros(a.rows * least), r = zeros(least * a.columns)
  let info = tune_qr(&copy, Int32(a.rows), Int32(a.columns), &q, &r)
  guard info == 0 else { throw FactorizationFault(why: "LAPACK found no QR of [\(a.rows), \(a.columns)] (\(info)).") }
  return (DenseMatrix(rows: a.rows, columns: least, q), DenseMatrix(rows: least, columns: a.columns, r))
}

/// The largest singular values, about, from `chance` [n, k] of normal numbers: each of `iterations` brings them nearer.
/// source: Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.1, as torch.svd_lowrank
public func randomizedSVD(
  of a: DenseMatrix, start: DenseMatrix, iterations: Int
) throws(FactorizationFault) -> (u: DenseMatrix, s: [Float], vt: DenseMatrix) {
  let turned = a.transposed
  var basis = try qr(a * start).q
  for _ in 0..<iterations {
    basis = try qr(turned * basis).q
    basis = try qr(a * basis).q
  }
  let (u, s, vt) = try svd(of: basis.transposed * a)
  return (basis * u, s, vt)
}

private func zeros(_ count: Int) -> [Float] { Array(repeating: 0, count: count) }

private func checkLAPACK() throws(FactorizationFault) {
  if tune_has_lapack() == 0 {
    throw FactorizationFault(
      why: "This OpenBLAS has no LAPACK (sgesdd_, sgelqf_, sorglq_). Debian's has: apt-get install libopenblas0.")
  }
}
