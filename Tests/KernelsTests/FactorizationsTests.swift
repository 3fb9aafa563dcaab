/// SVD, QR and the randomized SVD: their factors have the stated properties and reproduce the matrix.
import TestSupport
import Testing

@testable import Kernels

private func random(_ rows: Int, _ columns: Int) -> DenseMatrix {
  DenseMatrix(rows: rows, columns: columns, Grid.random(rows, columns, seed: 5).floats)
}

private func identity(_ size: Int) -> [Float] { (0..<size * size).map { $0 % (size + 1) == 0 ? 1 : 0 } }

@Test(arguments: [(7, 7), (9, 4), (4, 9), (1, 5), (5, 1)])
func `SVD and QR factors have their properties and reproduce the matrix`(_ rows: Int, _ columns: Int) throws {
  try Processor.initialize()
  let a = random(rows, columns), k = min(rows, columns)
  let (u, s, vt) = try svd(of: a)
  var scaled = u
  for index in scaled.values.indices { scaled.values[index] *= s[index % k] }
  #expect(relativeError((scaled * vt).values, a.values) < 2e-6)
  #expect(relativeError((u.transposed * u).values, identity(k)) < 2e-6)
  #expect(relativeError((vt * vt.transposed).values, identity(k)) < 2e-6)
  #expect(zip(s, s.dropFirst()).allSatisfy { $0 >= $1 } && s.allSatisfy { $0 >= 0 })

  let (q, r) = try qr(a)
  #expect(relativeError((q * r).values, a.values) < 2e-6)
  #expect(relativeError((q.transposed * q).values, identity(k)) < 2e-6)
  #expect((0..<k).allSatisfy { row in (0..<min(row, columns)).allSatisfy { r.values[row * columns + $0] == 0 } })
}

@Test func `the randomized SVD finds the largest singular values in a few iterations`() throws {
  try Processor.initialize()
  let a = random(40, 60), s = try svd(of: a).s
  let found = try randomizedSVD(of: a, gaussian: random(60, 10), iterations: 10)
  #expect(relativeError(found.s.prefix(5), s.prefix(5)) < 2e-2)
  #expect(found.u.columns == 10 && found.vt.rows == 10)
}
