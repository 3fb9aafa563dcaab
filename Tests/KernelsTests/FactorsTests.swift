import TestSupport
import Testing

@testable import Kernels

private func random(_ rows: Int, _ columns: Int) -> DenseMatrix {
  DenseMatrix(rows: rows, columns: columns, Grid.random(rows, columns, seed: 5).floats)
}

private func identity(_ size: Int) -> [Float] { (0..<size * size).map { $0 % (size + 1) == 0 ? 1 : 0 } }

@Test(arguments: [(7, 7), (9, 4), (4, 9), (1, 5), (5, 1)])
func `factors are what they are called, and give the matrix back`(_ rows: Int, _ columns: Int) throws {
  try Processor.initialize()
  let a = random(rows, columns), least = min(rows, columns)
  let (u, s, vt) = try svd(of: a)
  var scaled = u
  for index in scaled.values.indices { scaled.values[index] *= s[index % least] }
  #expect(relativeError((scaled * vt).values, a.values) < 2e-6)
  #expect(relativeError((u.transposed * u).values, identity(least)) < 2e-6)
  #expect(relativeError((vt * vt.transposed).values, identity(least)) < 2e-6)
  #expect(zip(s, s.dropFirst()).allSatisfy { $0 >= $1 } && s.allSatisfy { $0 >= 0 })

  let (q, r) = try qr(a)
  #expect(relativeError((q * r).values, a.values) < 2e-6)
  #expect(relativeError((q.transposed * q).values, identity(least)) < 2e-6)
  #expect((0..<least).allSatisfy { row in (0..<min(row, columns)).allSatisfy { r.values[row * columns + $0] == 0 } })
}

@Test func `a few iterations find the largest singular values`() throws {
  try Processor.initialize()
  let a = random(40, 60), s = try svd(of: a).s
  let found = try randomizedSVD(of: a, start: random(60, 10), iterations: 10)
  #expect(relativeError(found.s.prefix(5), s.prefix(5)) < 2e-2)
  #expect(found.u.columns == 10 && found.vt.rows == 10)
}
