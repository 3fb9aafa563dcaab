/// A dense matrix that owns its values, row-major: for work on weights, not in passes.

package struct DenseMatrix: Sendable {
  package let rows, columns: Int
  package var values: [Float]

  package init(rows: Int, columns: Int, _ values: [Float]) {
    precondition(values.count == rows * columns, "\(values.count) values for [\(rows), \(columns)]")
    (self.rows, self.columns, self.values) = (rows, columns, values)
  }

  /// A Float32 copy of `matrix`, which must not be transposed.
  package init(_ matrix: Matrix) {
    precondition(!matrix.isTransposed, "DenseMatrix: the matrix is transposed")
    (rows, columns) = (matrix.rows, matrix.columns)
    values = matrix.withFloat32 { source in
      (0..<source.rows).flatMap { UnsafeBufferPointer(start: source.base + $0 * source.stride, count: source.columns) }
    }
  }

  /// The first `count` rows.
  package func firstRows(_ count: Int) -> DenseMatrix {
    DenseMatrix(rows: count, columns: columns, Array(values.prefix(count * columns)))
  }

  /// The first `count` columns.
  package func firstColumns(_ count: Int) -> DenseMatrix {
    DenseMatrix(rows: rows, columns: count, (0..<rows).flatMap { values[$0 * columns..<$0 * columns + count] })
  }

  package var transposed: DenseMatrix {
    DenseMatrix(
      rows: columns, columns: rows, (0..<columns).flatMap { c in (0..<rows).map { values[$0 * columns + c] } })
  }

  package static func * (a: DenseMatrix, b: DenseMatrix) -> DenseMatrix {
    a.withMatrix { a in b.withMatrix { b in a * b } }
  }

  package static func + (a: DenseMatrix, b: DenseMatrix) -> DenseMatrix {
    precondition(a.rows == b.rows && a.columns == b.columns, "DenseMatrix: a sum of other sizes")
    return DenseMatrix(rows: a.rows, columns: a.columns, zip(a.values, b.values).map { $0 + $1 })
  }

  package static func - (a: DenseMatrix, b: DenseMatrix) -> DenseMatrix {
    precondition(a.rows == b.rows && a.columns == b.columns, "DenseMatrix: a difference of other sizes")
    return DenseMatrix(rows: a.rows, columns: a.columns, zip(a.values, b.values).map { $0 - $1 })
  }

  package func scaled(by factor: Float) -> DenseMatrix {
    DenseMatrix(rows: rows, columns: columns, values.map { factor * $0 })
  }

  package func withMatrix<Result>(_ body: (Matrix) -> Result) -> Result {
    values.withUnsafeBufferPointer {
      body(Matrix(UnsafeMutablePointer(mutating: $0.baseAddress!), rows: rows, columns: columns))
    }
  }
}

/// The matrix product, as a new dense matrix.
package func * (a: Matrix, b: Matrix) -> DenseMatrix {
  let values = [Float](unsafeUninitializedCapacity: a.rows * b.columns) { memory, count in
    gemm(a, b, into: Matrix(memory.baseAddress!, rows: a.rows, columns: b.columns))
    count = a.rows * b.columns
  }
  return DenseMatrix(rows: a.rows, columns: b.columns, values)
}
