/// The product of matrices against Double loops: transposes, strided columns, alpha and beta.
import Kernels
import TestSupport
import Testing

@Suite struct MatrixTests {
  init() throws { try Processor.start() }

  @Test(arguments: [(1, 1, 1), (3, 4, 5), (17, 33, 9), (64, 8, 70), (130, 65, 40)], [(1, 0), (0.5, 1), (-2, 0.25)])
  func `products agree with plain loops, transposed or not, inside wider matrices`(
    _ shape: (Int, Int, Int), _ factors: (Double, Double)
  ) {
    let (m, n, k) = shape
    for mix in 0..<4 {
      let (left, right) = (mix & 1 == 1, mix & 2 == 2)
      // Each lies in a matrix that is 3 columns wider, from its second column on.
      var a = Grid.random(left ? k : m, (left ? m : k) + 3, seed: 1).floats
      var b = Grid.random(right ? n : k, (right ? k : n) + 3, seed: 2).floats
      var c = Grid.random(m, n + 3, seed: 3).floats
      let old = c
      if factors.1 == 0 { for i in 0..<m { for j in 0..<n { c[i * (n + 3) + 1 + j] = .nan } } }
      a.withUnsafeMutableBufferPointer { a in
        b.withUnsafeMutableBufferPointer { b in
          c.withUnsafeMutableBufferPointer { c in
            guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
            let x = Matrix(a, rows: left ? k : m, columns: (left ? m : k) + 3).columns(1..<1 + (left ? m : k))
            let y = Matrix(b, rows: right ? n : k, columns: (right ? k : n) + 3).columns(1..<1 + (right ? k : n))
            gemm(
              left ? x.transposed : x, right ? y.transposed : y,
              into: Matrix(c, rows: m, columns: n + 3).columns(1..<1 + n), alpha: Float(factors.0),
              beta: Float(factors.1))
          }
        }
      }
      var wanted = old.map(Double.init)
      for i in 0..<m {
        for j in 0..<n {
          var sum = 0.0
          for p in 0..<k {
            let u = a[left ? p * (m + 3) + 1 + i : i * (k + 3) + 1 + p]
            let v = b[right ? j * (k + 3) + 1 + p : p * (n + 3) + 1 + j]
            sum += Double(u) * Double(v)
          }
          wanted[i * (n + 3) + 1 + j] = factors.0 * sum + factors.1 * wanted[i * (n + 3) + 1 + j]
        }
      }
      #expect(relativeError(c, wanted) < 1e-6)
      for i in 0..<m { for j in [0, n + 1, n + 2] { #expect(c[i * (n + 3) + j] == old[i * (n + 3) + j]) } }
    }
  }

  @Test func `the CPU and the library's core are known`() {
    #expect(Processor.blasCore != "none")
    #expect(!Processor.vectors.isEmpty)
    #expect(Processor.count >= 1)
    #expect(Processor.peakMemory > 1 << 20)
  }
}
