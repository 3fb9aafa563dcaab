/// GEMM against loops in Double: transposes, strided columns, alpha, beta, bias, bfloat16.
import Kernels
import TestSupport
import Testing

/// The GEMM backends that this CPU supports.
private let backends = GEMMBackend.allCases.filter { $0 <= .selected }

/// The nearest bfloat16, ties to even.
private func rounded(_ x: Double) -> Double {
  let bits = Float(x).bitPattern
  return Double(Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000))
}

private func bf16Bits(_ grid: Grid) -> [UInt16] {
  grid.values.map { UInt16(truncatingIfNeeded: Float(rounded($0)).bitPattern >> 16) }
}

@Suite struct MatrixTests {
  init() throws { try Processor.initialize() }

  // Sizes around the tiles of 28, 14, 8, 4, 2 and 1 rows, the panels of 16 and 32 columns, and the 588 rows and 768
  // units of depth that are packed at a time.
  static let shapes = [
    (1, 1, 1), (3, 4, 5), (17, 33, 9), (64, 8, 70), (130, 65, 40), (29, 16, 3), (595, 20, 33), (2, 32, 771),
    (15, 40, 1541), (5, 801, 17),
  ]

  @Test(arguments: shapes, [(1, 0), (0.5, 1), (-2, 0.25)])
  func `GEMM agrees with plain loops, transposed or not, inside wider matrices`(
    _ shape: (Int, Int, Int), _ factors: (Double, Double)
  ) {
    for (backend, precision) in backends.flatMap({ backend in Precision.allCases.map { (backend, $0) } }) {
      for mix in 0..<4 { check(shape, factors, left: mix & 1 == 1, right: mix & 2 == 2, precision, backend) }
    }
  }

  @Test func `GEMM of depth 0 gives beta·c + bias`() {
    for backend in backends {
      var a: [Float] = [0], c: [Float] = [.nan, .nan, 7, .nan, .nan, 7], bias: [Float] = [3, 4]
      a.withUnsafeMutableBufferPointer { a in
        c.withUnsafeMutableBufferPointer { c in
          bias.withUnsafeMutableBufferPointer { bias in
            guard let a = a.baseAddress, let c = c.baseAddress, let bias = bias.baseAddress else { return }
            let (x, y) = (Matrix(a, rows: 2, columns: 0, stride: 1), Matrix(a, rows: 0, columns: 2))
            let sum = Matrix(c, rows: 2, columns: 2, stride: 3)
            gemm(x, y, into: sum, backend: backend)
            gemm(x, y, into: sum, beta: 1, bias: bias, backend: backend)
            gemm(x, y, into: sum, beta: 0.5, backend: backend)
          }
        }
      }
      #expect(c == [1.5, 2, 7, 1.5, 2, 7])
    }
  }

  private func check(
    _ shape: (Int, Int, Int), _ factors: (Double, Double), left: Bool, right: Bool, _ precision: Precision,
    _ backend: GEMMBackend
  ) {
    let (m, n, k) = shape
    // Each is part of a matrix that is 3 columns wider, from its second column on.
    let (first, second) = (
      Grid.random(left ? k : m, (left ? m : k) + 3, seed: 1), Grid.random(right ? n : k, (right ? k : n) + 3, seed: 2)
    )
    var a = first.floats, b = second.floats
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
            beta: Float(factors.1), precision: precision, backend: backend)
        }
      }
    }
    let round = backend.precision(precision) == .bf16 ? rounded : { $0 }
    var expected = old.map(Double.init)
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for p in 0..<k {
          let u = left ? first[p, 1 + i] : first[i, 1 + p], v = right ? second[j, 1 + p] : second[p, 1 + j]
          sum += round(u) * round(v)
        }
        expected[i * (n + 3) + 1 + j] = factors.0 * sum + factors.1 * expected[i * (n + 3) + 1 + j]
      }
    }
    #expect(relativeError(c, expected) < 2e-6, "\(backend) \(precision) \(left) \(right)")
    for i in 0..<m { for j in [0, n + 1, n + 2] { #expect(c[i * (n + 3) + j] == old[i * (n + 3) + j]) } }
  }

  @Test(arguments: GEMMBackend.allCases)
  func `a bias is added to some columns of a result`(_ backend: GEMMBackend) throws {
    try Processor.initialize()
    if backend > GEMMBackend.selected { return }
    var a: [Float] = [1, 2, 3, 4], c = [Float](repeating: 9, count: 8)
    a.withUnsafeMutableBufferPointer { a in
      c.withUnsafeMutableBufferPointer { c in
        guard let a = a.baseAddress, let c = c.baseAddress else { return }
        let x = Matrix(a, rows: 2, columns: 2)
        gemm(x, x, into: Matrix(c, rows: 2, columns: 4).columns(1..<3), bias: [0.5, -0.5], backend: backend)
      }
    }
    #expect(c == [9, 7.5, 9.5, 9, 9, 15.5, 21.5, 9])
  }

  // Cached hidden states are computed in one batch and must equal those of any other batch.
  @Test(arguments: [(48, 384), (384, 1536), (1541, 40), (512, 33), (1600, 48)], Precision.allCases)
  func `with tune_gemm a row's result does not depend on the other rows, nor on their number`(
    _ shape: (Int, Int), _ precision: Precision
  ) {
    let (k, n) = shape, rowCount = 610
    let x = Grid.random(rowCount, k, seed: 1).floats, bias = Grid.random(1, n, seed: 3).floats
    for backend in backends where backend > .blas {
      for isBF16 in [false, true] {
        let w = Grid.random(n, k, seed: 2)
        func multiply(_ rows: Range<Int>) -> [Float] {
          var a = Array(x[rows.lowerBound * k..<rows.upperBound * k]), b = w.floats
          var c = [Float](repeating: .nan, count: rows.count * n)
          a.withUnsafeMutableBufferPointer { a in
            b.withUnsafeMutableBufferPointer { b in
              c.withUnsafeMutableBufferPointer { c in
                bf16Bits(w).withUnsafeBufferPointer { h in
                  guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress, let h = h.baseAddress
                  else { return }
                  let weight = isBF16 ? Matrix(bf16: h, rows: n, columns: k) : Matrix(b, rows: n, columns: k)
                  gemm(
                    Matrix(a, rows: rows.count, columns: k), weight.transposed,
                    into: Matrix(c, rows: rows.count, columns: n), bias: bias, precision: precision, backend: backend
                  )
                }
              }
            }
          }
          return c
        }
        let whole = multiply(0..<rowCount)
        for rows in [0..<1, 3..<5, 5..<8, 1..<14, 13..<40, 100..<131, 200..<216, 40..<168, 580..<610, 7..<595] {
          #expect(multiply(rows) == Array(whole[rows.lowerBound * n..<rows.upperBound * n]), "\(backend) \(rows)")
        }
      }
    }
  }

  // 512 and 1,024 columns: rows of A that are a multiple of 4 KiB apart are packed first. 150 columns: several groups of panels.
  @Test(arguments: [(30, 50, 512), (200, 33, 1024), (5, 7, 9), (9, 150, 401)], Precision.allCases)
  func `weights stored in bfloat16 are multiplied without further rounding, with a bias`(
    _ shape: (Int, Int, Int), _ precision: Precision
  ) {
    let (m, n, k) = shape
    let x = Grid.random(m, k, seed: 1), bias = Grid.random(1, n, seed: 4)
    for (backend, transposed) in backends.flatMap({ [($0, true), ($0, false)] }) {
      let w = Grid.random(transposed ? n : k, transposed ? k : n, seed: 2)
      var a = x.floats, c = [Float](repeating: .nan, count: m * n)
      a.withUnsafeMutableBufferPointer { a in
        c.withUnsafeMutableBufferPointer { c in
          bf16Bits(w).withUnsafeBufferPointer { w in
            guard let a = a.baseAddress, let c = c.baseAddress, let w = w.baseAddress else { return }
            let weight = Matrix(bf16: w, rows: transposed ? n : k, columns: transposed ? k : n)
            gemm(
              Matrix(a, rows: m, columns: k), transposed ? weight.transposed : weight,
              into: Matrix(c, rows: m, columns: n), bias: bias.floats, precision: precision, backend: backend)
          }
        }
      }
      let round = backend.precision(precision) == .bf16 ? rounded : { $0 }
      var expected = [Double](repeating: 0, count: m * n)
      for i in 0..<m {
        for j in 0..<n {
          expected[i * n + j] = (0..<k).reduce(bias[0, j]) {
            $0 + round(x[i, $1]) * rounded(transposed ? w[j, $1] : w[$1, j])
          }
        }
      }
      #expect(relativeError(c, expected) < 2e-6, "\(backend)")
    }
  }

  @Test func `NaN and infinity pass through a bfloat16 GEMM`() {
    var a: [Float] = [.nan, .infinity, 1], b: [Float] = [1], c: [Float] = [0, 0, 0]
    a.withUnsafeMutableBufferPointer { a in
      b.withUnsafeMutableBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          gemm(
            Matrix(a, rows: 3, columns: 1), Matrix(b, rows: 1, columns: 1), into: Matrix(c, rows: 3, columns: 1),
            precision: .bf16)
        }
      }
    }
    #expect(c[0].isNaN && c[1] == .infinity && c[2] == 1)
  }
}
