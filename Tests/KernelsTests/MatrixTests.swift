/// The product of matrices against Double loops: transposes, strided columns, alpha, beta, bias, bfloat16.
import Kernels
import TestSupport
import Testing

/// Everybody who multiplies on this CPU.
private let multipliers = GEMMBackend.allCases.filter { $0 <= .selected }

/// The nearest bfloat16, ties to even.
private func rounded(_ x: Double) -> Double {
  let bits = Float(x).bitPattern
  return Double(Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000))
}

private func halves(_ grid: Grid) -> [UInt16] {
  grid.values.map { UInt16(truncatingIfNeeded: Float(rounded($0)).bitPattern >> 16) }
}

@Suite struct MatrixTests {
  init() throws { try Processor.initialize() }

  // Around the tiles of 28, 14, 8, 4, 2 and 1 rows, the panels of 16 and 32 columns, the 588 rows and the depth of 768
  // units that are laid out at a time.
  static let shapes = [
    (1, 1, 1), (3, 4, 5), (17, 33, 9), (64, 8, 70), (130, 65, 40), (29, 16, 3), (595, 20, 33), (2, 32, 771),
    (15, 40, 1541), (5, 801, 17),
  ]

  @Test(arguments: shapes, [(1, 0), (0.5, 1), (-2, 0.25)])
  func `products agree with plain loops, transposed or not, inside wider matrices`(
    _ shape: (Int, Int, Int), _ factors: (Double, Double)
  ) {
    for (multiplier, precision) in multipliers.flatMap({ m in Precision.allCases.map { (m, $0) } }) {
      for mix in 0..<4 { check(shape, factors, left: mix & 1 == 1, right: mix & 2 == 2, precision, multiplier) }
    }
  }

  @Test func `the product over no depth is the bias, and what was there`() {
    for multiplier in multipliers {
      var a: [Float] = [0], c: [Float] = [.nan, .nan, 7, .nan, .nan, 7], bias: [Float] = [3, 4]
      a.withUnsafeMutableBufferPointer { a in
        c.withUnsafeMutableBufferPointer { c in
          bias.withUnsafeMutableBufferPointer { bias in
            guard let a = a.baseAddress, let c = c.baseAddress, let bias = bias.baseAddress else { return }
            let (x, y) = (Matrix(a, rows: 2, columns: 0, stride: 1), Matrix(a, rows: 0, columns: 2))
            let sum = Matrix(c, rows: 2, columns: 2, stride: 3)
            gemm(x, y, into: sum, backend: multiplier)
            gemm(x, y, into: sum, beta: 1, bias: bias, backend: multiplier)
            gemm(x, y, into: sum, beta: 0.5, backend: multiplier)
          }
        }
      }
      #expect(c == [1.5, 2, 7, 1.5, 2, 7])
    }
  }

  private func check(
    _ shape: (Int, Int, Int), _ factors: (Double, Double), left: Bool, right: Bool, _ precision: Precision,
    _ multiplier: GEMMBackend
  ) {
    let (m, n, k) = shape
    // Each lies in a matrix that is 3 columns wider, from its second column on.
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
            beta: Float(factors.1), precision: precision, backend: multiplier)
        }
      }
    }
    let round = multiplier.precision(precision) == .bf16 ? rounded : { $0 }
    var wanted = old.map(Double.init)
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for p in 0..<k {
          let u = left ? first[p, 1 + i] : first[i, 1 + p], v = right ? second[j, 1 + p] : second[p, 1 + j]
          sum += round(u) * round(v)
        }
        wanted[i * (n + 3) + 1 + j] = factors.0 * sum + factors.1 * wanted[i * (n + 3) + 1 + j]
      }
    }
    #expect(relativeError(c, wanted) < 2e-6, "\(multiplier) \(precision) \(left) \(right)")
    for i in 0..<m { for j in [0, n + 1, n + 2] { #expect(c[i * (n + 3) + j] == old[i * (n + 3) + j]) } }
  }

  // Kept states are computed in whatever batch comes first, and must be those of any other batch.
  @Test(arguments: [(48, 384), (384, 1536), (1541, 40), (512, 33)], Precision.allCases)
  func `by our kernels a row's sums do not depend on the other rows, nor on their number`(
    _ shape: (Int, Int), _ precision: Precision
  ) {
    let (k, n) = shape, most = 610
    let x = Grid.random(most, k, seed: 1).floats, bias = Grid.random(1, n, seed: 3).floats
    for multiplier in multipliers where multiplier > .blas {
      for isHalf in [false, true] {
        let w = Grid.random(n, k, seed: 2)
        func product(_ rows: Range<Int>) -> [Float] {
          var a = Array(x[rows.lowerBound * k..<rows.upperBound * k]), b = w.floats
          var c = [Float](repeating: .nan, count: rows.count * n)
          a.withUnsafeMutableBufferPointer { a in
            b.withUnsafeMutableBufferPointer { b in
              c.withUnsafeMutableBufferPointer { c in
                halves(w).withUnsafeBufferPointer { h in
                  guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress, let h = h.baseAddress
                  else { return }
                  let weight = isHalf ? Matrix(bf16: h, rows: n, columns: k) : Matrix(b, rows: n, columns: k)
                  gemm(
                    Matrix(a, rows: rows.count, columns: k), weight.transposed,
                    into: Matrix(c, rows: rows.count, columns: n), bias: bias, precision: precision, backend: multiplier
                  )
                }
              }
            }
          }
          return c
        }
        let whole = product(0..<most)
        for rows in [0..<1, 3..<5, 5..<8, 1..<14, 13..<40, 100..<131, 580..<610, 7..<595] {
          #expect(product(rows) == Array(whole[rows.lowerBound * n..<rows.upperBound * n]), "\(multiplier) \(rows)")
        }
      }
    }
  }

  // 512 and 1,024 columns: rows of A a multiple of 4 KiB apart are copied first.
  @Test(arguments: [(30, 50, 512), (200, 33, 1024), (5, 7, 9)], Precision.allCases)
  func `weights kept in bfloat16 multiply as they are, with a bias`(_ shape: (Int, Int, Int), _ precision: Precision) {
    let (m, n, k) = shape
    let x = Grid.random(m, k, seed: 1), bias = Grid.random(1, n, seed: 4)
    for (multiplier, turned) in multipliers.flatMap({ [($0, true), ($0, false)] }) {
      let w = Grid.random(turned ? n : k, turned ? k : n, seed: 2)
      var a = x.floats, c = [Float](repeating: .nan, count: m * n)
      a.withUnsafeMutableBufferPointer { a in
        c.withUnsafeMutableBufferPointer { c in
          halves(w).withUnsafeBufferPointer { w in
            guard let a = a.baseAddress, let c = c.baseAddress, let w = w.baseAddress else { return }
            let weight = Matrix(bf16: w, rows: turned ? n : k, columns: turned ? k : n)
            gemm(
              Matrix(a, rows: m, columns: k), turned ? weight.transposed : weight,
              into: Matrix(c, rows: m, columns: n), bias: bias.floats, precision: precision, backend: multiplier)
          }
        }
      }
      let round = multiplier.precision(precision) == .bf16 ? rounded : { $0 }
      var wanted = [Double](repeating: 0, count: m * n)
      for i in 0..<m {
        for j in 0..<n {
          wanted[i * n + j] = (0..<k).reduce(bias[0, j]) {
            $0 + round(x[i, $1]) * rounded(turned ? w[j, $1] : w[$1, j])
          }
        }
      }
      #expect(relativeError(c, wanted) < 2e-6, "\(multiplier)")
    }
  }

  @Test func `NaN and infinity pass through products of bfloat16`() {
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

  @Test func `the CPU and the library's core are known`() {
    #expect(Processor.blasCore != "none")
    #expect(!Processor.vectors.isEmpty)
    #expect(Processor.count >= 1)
    #expect(Processor.peakMemory > 1 << 20)
  }
}
