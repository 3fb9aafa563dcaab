/// Rotations of blocks of a matrix's columns, as in OFT and BOFT.
import Files
import Kernels

extension AdapterConfigReader {
  /// A number of blocks or their size; 0: it follows from the other.
  mutating func blockSetting(_ key: String) -> Int? {
    self[key, "a whole number from 0 to 65536", { $0.int.flatMap { (0...65536).contains($0) ? $0 : nil } }]
  }

  /// Reports two settings of which not exactly one is 0.
  mutating func checkBlockSettings(_ count: (key: String, value: Int), _ size: (key: String, value: Int)) {
    if (count.value == 0) != (size.value == 0) { return }
    problem("'\(count.key)' is \(count.value) and '\(size.key)' \(size.value); expected that one of them is 0.")
  }
}

/// W·Rᵀ with R = diag(R₀, R₁, …)        W [out, in]   each R [size, size]   in = blocks·size
func rotate(_ w: DenseMatrix, by blocks: [DenseMatrix]) -> DenseMatrix {
  var result = w
  result.values.withUnsafeMutableBufferPointer { memory in
    let rotated = Matrix(memory.baseAddress!, rows: w.rows, columns: w.columns)
    w.withMatrix { w in
      for (index, block) in blocks.enumerated() {
        let columns = index * block.rows..<(index + 1) * block.rows
        block.withMatrix { gemm(w.columns(columns), $0.transposed, into: rotated.columns(columns)) }
      }
    }
  }
  return result
}

/// The Cayley transform (I - S)·(I + S)⁻¹ of a skew-symmetric S, which is a rotation.
/// (I - S) and (I + S)⁻¹ commute, so it is the solution of (I + S)·X = I - S. No pivoting: every leading minor of I + S is at
/// least 1.
func cayley(_ skew: DenseMatrix) -> DenseMatrix {
  let size = skew.rows
  var left = skew.values.map(Double.init), right = skew.values.map { -Double($0) }
  for index in 0..<size {
    left[index * size + index] += 1
    right[index * size + index] += 1
  }
  for pivot in 0..<size {
    let scale = 1 / left[pivot * size + pivot]
    for row in 0..<size where row != pivot && left[row * size + pivot] != 0 {
      let factor = left[row * size + pivot] * scale
      for column in pivot..<size { left[row * size + column] -= factor * left[pivot * size + column] }
      for column in 0..<size { right[row * size + column] -= factor * right[pivot * size + column] }
    }
  }
  let solution = right.indices.map { Float(right[$0] / left[$0 / size * (size + 1)]) }
  return DenseMatrix(rows: size, columns: size, solution)
}
