/// Normalized rows, and products of rows: the similarities of vectors.
internal import Kernels

/// y[i] = x[i]/max(|x[i]|, ε)      dx = (dy - y·(y·dy))/|x|      x, y [n, d], ε = 1e-12
/// source: torch's F.normalize
package func normalizeRows(_ x: Tensor, _ pass: Pass) -> Tensor {
  let d = x.columns, y = pass.make(x.rows, d, tracked: x.isTracked), slot = x.slot
  let scales = (0..<x.rows).map { row in 1 / max(dot(x.row(row), x.row(row), d).squareRoot(), 1e-12) }
  for row in 0..<x.rows { for c in 0..<d { y.row(row)[c] = Float(Double(x.row(row)[c]) * scales[row]) } }
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(slot) { dx, beta in
      for row in 0..<y.rows {
        let (unit, gradient, result) = (y.row(row), dy.row(row), dx.base + row * dx.stride)
        let along = dot(unit, gradient, d)
        for c in 0..<d {
          let value = Float((Double(gradient[c]) - Double(unit[c]) * along) * scales[row])
          result[c] = beta == 0 ? value : result[c] + value
        }
      }
    }
  }
  return y
}

/// y[i, j] = scale·a[i]·b[j]       a [n, d]   b [m, d]   →   y [n, m]
/// da = scale·dy·b     db = scale·dyᵀ·a
package func products(_ a: Tensor, _ b: Tensor, scale: Float, _ pass: Pass) -> Tensor {
  let y = pass.make(a.rows, b.rows, tracked: a.isTracked || b.isTracked)
  gemm(a.matrix, b.matrix.transposed, into: y.matrix, alpha: scale, pass)
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(a.slot) { da, beta in gemm(dy.matrix, b.matrix, into: da, alpha: scale, beta: beta, pass) }
    pass.accumulate(b.slot) { db, beta in
      gemm(dy.matrix.transposed, a.matrix, into: db, alpha: scale, beta: beta, pass)
    }
  }
  return y
}

/// y[i] = scale·a[i]·b[i]        a, b [n, d]   →   y [n, 1]
/// da[i] = scale·dy[i]·b[i]    db[i] = scale·dy[i]·a[i]
package func rowProducts(_ a: Tensor, _ b: Tensor, scale: Float, _ pass: Pass) -> Tensor {
  let d = a.columns, y = pass.make(a.rows, 1, tracked: a.isTracked || b.isTracked)
  for row in 0..<a.rows { y.pointer[row] = Float(Double(scale) * dot(a.row(row), b.row(row), d)) }
  pass.record(y) { [unowned pass] dy in
    for (x, other) in [(a.slot, b), (b.slot, a)] {
      pass.accumulate(x) { dx, beta in
        for row in 0..<dx.rows {
          let result = dx.base + row * dx.stride
          for c in 0..<d {
            let value = scale * dy.pointer[row] * other.row(row)[c]
            result[c] = beta == 0 ? value : result[c] + value
          }
        }
      }
    }
  }
  return y
}

/// In Double.
private func dot(_ x: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) -> Double {
  var sum = 0.0
  for index in 0..<count { sum += Double(x[index]) * Double(y[index]) }
  return sum
}

extension Tensor {
  fileprivate func row(_ row: Int) -> UnsafeMutablePointer<Float> { pointer + row * columns }
}
