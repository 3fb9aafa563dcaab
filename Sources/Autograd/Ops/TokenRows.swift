/// Ops on trained rows of the word embeddings, which stand in place of the matrix's own: PEFT's `TrainableTokensLayer`.
internal import CKernels
package import Kernels

/// The id of a token whose row of y is set.
let rowIsSet = Int32(TUNE_ROW_IS_SET)

/// y[i] = rows[indices[i]] where the index is not negative; with bf16 rounded, as word embeddings.
/// rows [k, d]   y [n, d]
func setTokenRows(_ rows: Parameter, _ indices: [Int32], of y: Tensor, _ precision: Precision) {
  let d = y.columns
  withUnsafeTemporaryAllocation(of: UInt16.self, capacity: d) { rounded in
    for (index, row) in indices.enumerated() where row >= 0 {
      let source = rows.pointer + Int(row) * d, target = y.pointer + index * d
      target.update(from: source, count: d)
      guard precision == .bf16, let bf16 = rounded.baseAddress else { continue }
      tune_fp32_to_bf16(source, bf16, d)
      tune_bf16_to_fp32(bf16, target, d)
    }
  }
}

/// The same rows in a decoder that is tied to the word embeddings: y[:, ids[k]] = x·rows[k] + b[ids[k]].
/// d rows[k] += dy[:, ids[k]]ᵀ·x     dx += dy[:, ids[k]]·rows[k]; these columns of dy are then 0 for the matrix.
/// Sendable: it only holds references.
package final class TiedTokenRows: ProjectionAdapter {
  private let ids: [Int32]
  private let rows: Parameter

  /// - Parameter rows: [ids.count, d]
  package init(_ ids: [Int32], _ rows: Parameter) { (self.ids, self.rows) = (ids, rows) }

  package var isTrainable: Bool { rows.isTrainable }
  package var rescales: Bool { true }
  package var keepsBias: Bool { true }

  package func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((_ dy: Tensor) -> Void)? {
    let d = x.columns
    for (k, id) in ids.enumerated() {
      let row = rows.pointer + k * d, column = columns.lowerBound + Int(id), bias = weights.bias?.pointer[Int(id)] ?? 0
      for i in 0..<x.rows {
        let input = x.pointer + i * d
        y.pointer[i * y.columns + column] = (0..<d).reduce(bias) { $0 + input[$1] * row[$1] }
      }
    }
    guard y.isTracked else { return nil }
    return { [ids, rows, unowned pass] dy in
      let own = pass.make(dy.rows, ids.count)
      for i in 0..<dy.rows {
        for (k, id) in ids.enumerated() {
          let index = i * dy.columns + columns.lowerBound + Int(id)
          own.pointer[i * ids.count + k] = dy.pointer[index]
          dy.pointer[index] = 0
        }
      }
      pass.accumulate(x.slot) { dx, beta in gemm(own.matrix, rows.matrix, into: dx, beta: beta, pass) }
      pass.accumulate(shared: rows, keeping: [own, x]) { gradient, beta in
        gemm(
          own.matrix.transposed, x.matrix, into: Matrix(gradient, rows: ids.count, columns: d), beta: beta, pass)
      }
    }
  }
}
