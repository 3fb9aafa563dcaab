/// Products with int8 weights against sums in Double of the numbers that weights and rows stand for.
import Kernels
import TestSupport
import Testing

/// x [n, in] in 8 bits, and the product with the weights by one kernel.
private func product(
  _ x: [Float], _ weights: Int8Weights, outputs: Range<Int>? = nil, bias: [Float]? = nil, _ kernel: Int8Kernel
) -> [Float] {
  let n = x.count / weights.columns, outputs = outputs ?? 0..<weights.rows
  let memory = UnsafeMutablePointer<Float>.allocate(capacity: Int8Rows.size(n, weights.columns))
  defer { memory.deallocate() }
  var x = x, c = [Float](repeating: .nan, count: n * outputs.count)
  let rows = Int8Rows(memory, rows: n, columns: weights.columns)
  x.withUnsafeMutableBufferPointer { x in
    c.withUnsafeMutableBufferPointer { c in
      guard let x = x.baseAddress, let c = c.baseAddress else { return }
      rows.quantize(Matrix(x, rows: n, columns: weights.columns), 0..<n)
      func multiply(_ bias: UnsafePointer<Float>?) {
        rows.multiply(
          weights, outputs: outputs, into: Matrix(c, rows: n, columns: outputs.count), bias: bias, kernel: kernel)
      }
      if let bias { bias.withUnsafeBufferPointer { multiply($0.baseAddress) } } else { multiply(nil) }
    }
  }
  return c
}

private func quantized(_ weights: Grid) -> Int8Weights {
  var values = weights.values.map(Float.init)
  return values.withUnsafeMutableBufferPointer {
    Int8Weights(Matrix($0.baseAddress!, rows: weights.rows, columns: weights.columns))
  }
}

/// A row as it is quantized: minimum + scale·q.
private func rounded(_ row: [Double]) -> [Double] {
  let low = row.min() ?? 0, scale = ((row.max() ?? 0) - low) / 255
  return row.map { scale == 0 ? low : low + scale * (($0 - low) / scale).rounded() }
}

@Suite struct Int8Tests {
  static let kernels = Int8Kernel.allCases.filter(\.isSupported)

  // Sizes around the tiles of 14, 8, 6, 4 and 1 rows, the panels of 32 outputs, units of 4 inputs, and blocks of rows.
  @Test(arguments: [(1, 1, 1), (3, 5, 7), (14, 32, 64), (29, 33, 66), (15, 48, 1027), (131, 16, 4096), (700, 40, 1540)])
  func `all kernels give the product of what rows and weights stand for`(_ n: Int, _ out: Int, _ columns: Int) {
    let x = Grid.random(n, columns, seed: 1), w = Grid.random(out, columns, seed: 2)
    let weights = quantized(w), bias = Grid.random(1, out, seed: 3).values
    var stored = [Float](repeating: 0, count: w.values.count)
    stored.withUnsafeMutableBufferPointer { weights.unpack(into: $0.baseAddress!) }
    for j in 0..<out {
      let row = (0..<columns).map { w[j, $0] }, scale = (row.map(abs).max() ?? 0) / 127
      #expect(zip(row, stored[j * columns..<(j + 1) * columns]).allSatisfy { abs($0 - Double($1)) <= 0.5001 * scale })
    }
    var expected: [Double] = []
    for i in 0..<n {
      let row = rounded((0..<columns).map { x[i, $0] })
      for j in 0..<out {
        expected.append(row.indices.reduce(bias[j]) { $0 + row[$1] * Double(stored[j * columns + $1]) })
      }
    }
    let results = Self.kernels.map { product(x.values.map(Float.init), weights, bias: bias.map(Float.init), $0) }
    let largest = expected.map(abs).max() ?? 0
    // A number halfway between two may be rounded to the other one in Float32.
    let tolerance = 1e-5 * largest + 0.02
    for result in results {
      #expect(zip(result, expected).allSatisfy { abs(Double($0) - $1) < tolerance })
      #expect(zip(result, results[0]).allSatisfy { abs($0 - $1) <= 1e-5 * Float(largest) })
    }
  }

  @Test func `a part of the outputs, without a bias, has the numbers of the whole`() {
    let x = Grid.random(9, 20, seed: 4).values.map(Float.init), weights = quantized(.random(70, 20, seed: 5))
    for kernel in Self.kernels {
      let all = product(x, weights, kernel), part = product(x, weights, outputs: 32..<70, kernel)
      #expect((0..<9).allSatisfy { Array(all[$0 * 70 + 32..<$0 * 70 + 70]) == Array(part[$0 * 38..<$0 * 38 + 38]) })
    }
  }

  @Test func `a row has the same bits whatever rows are beside it, by every kernel`() {
    let x = Grid.random(30, 200, seed: 7).floats, bias = Grid.random(1, 64, seed: 8).floats
    let weights = quantized(.random(64, 200, seed: 9)),
      alone = (0..<30).flatMap { row in
        product(Array(x[row * 200..<row * 200 + 200]), weights, bias: bias, .plain)
      }
    for kernel in Self.kernels {
      for n in 1...30 {
        #expect(product(Array(x.prefix(n * 200)), weights, bias: bias, kernel) == Array(alone.prefix(n * 64)))
      }
    }
  }

  @Test func `constant rows and outputs of zeros are exact, and a row that is not finite stays so`() {
    var w = Grid.random(3, 8, seed: 6)
    for k in 0..<8 { w[1, k] = 0 }
    let weights = quantized(w)
    let x: [Float] =
      [Float](repeating: 2.5, count: 8) + [1, 2, .nan, 4, 5, 6, 7, 8] + [1, 2, 3, 4, 5, 6, 7, .infinity]
      + [Float](repeating: 0, count: 8)
    for kernel in Self.kernels {
      let c = product(x, weights, kernel)
      #expect(c[1] == 0 && c[9..<12].allSatisfy { $0 == 0 } && c[0...2].allSatisfy(\.isFinite))
      #expect([3, 5, 6, 8].allSatisfy { !c[$0].isFinite })
      #expect(abs(Double(c[0]) - 2.5 * (0..<8).reduce(0) { $0 + w[0, $1] }) < 0.05)
    }
  }
}
