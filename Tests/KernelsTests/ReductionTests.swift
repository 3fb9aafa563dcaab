/// Sums and elementwise products, at lengths around the vector width.
import CKernels
import TestSupport
import Testing

@Suite struct ReductionTests {
  @Test(arguments: [0, 1, 15, 16, 17, 64, 4095, 4096, 4097, 100_000])
  func `the sum of squares is accurate to Double precision`(_ count: Int) {
    let x = Grid.random(1, count, seed: 2, scale: 1e3)
    let expected = x.values.reduce(0) { $0 + $1 * $1 }
    #expect(abs(tune_sum_squares(x.floats, count) - expected) <= 1e-12 * expected)
  }

  @Test(arguments: [(0, 3), (1, 1), (5, 17), (40, 64), (3, 131)], [Float(0), 1])
  func `column sums agree with plain loops, inside a wider matrix`(_ shape: (Int, Int), _ beta: Float) {
    let (n, d) = shape
    let x = Grid.random(n, d + 5, seed: 3)
    var sums = [Float](repeating: beta == 0 ? .nan : 2, count: d)
    tune_column_sums(x.floats, d + 5, &sums, n, d, beta)
    let expected = (0..<d).map { j in (0..<n).reduce(Double(beta) * 2) { $0 + x[$1, j] } }
    #expect(relativeError(sums, expected) < 1e-6)
  }

  @Test(arguments: [1, 16, 67]) func `elementwise products overwrite or accumulate, as beta says`(_ count: Int) {
    let (a, b) = (Grid.random(1, count, seed: 1), Grid.random(1, count, seed: 2))
    for beta in [0, 1] as [Float] {
      var y = [Float](repeating: beta == 0 ? .nan : 3, count: count)
      tune_multiply(a.floats, b.floats, &y, count, beta)
      let expected = zip(a.values, b.values).map { $0 * $1 + (beta == 0 ? 0 : 3) }
      #expect(relativeError(y, expected) < 1e-6)
    }
  }
}
