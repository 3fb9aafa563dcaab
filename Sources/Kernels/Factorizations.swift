/// Matrix factorizations (SVD, QR) by LAPACK, on the calling thread.
internal import COpenBLAS

/// LAPACK is missing, or failed.
package struct FactorizationFault: Error, CustomStringConvertible {
  package let why: String
  package var description: String { why }
}

/// A [m, n] = U [m, k]·diag(s)·Vᵀ [k, n], k = min(m, n), s in descending order.
package func svd(of a: DenseMatrix) throws(FactorizationFault) -> (u: DenseMatrix, s: [Float], vt: DenseMatrix) {
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
package func qr(_ a: DenseMatrix) throws(FactorizationFault) -> (q: DenseMatrix, r: DenseMatrix) {
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
package func randomizedSVD(
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
