/// Rotary position embeddings: queries and keys are rotated by angles that grow with their position, so that a score
/// depends on the distance of two tokens only.
internal import CKernels
import Glibc
internal import Kernels
import Synchronization

/// The angles of one base θ and head size w, with a table of their cosines and sines that grows to the longest position
/// asked for. Passes on several threads share it.
package final class RotaryEmbedding: Sendable {
  package let theta: Double
  package let headSize: Int
  private let table = Mutex(Table(positions: 0, values: []))

  /// Row p holds cos(p·f₀) … cos(p·f_{w/2-1}), then the sines; fᵢ = θ^(-2i/w).
  struct Table: Sendable {
    var positions: Int
    var values: [Float]
  }

  /// - Parameter headSize: w, an even number.
  package init(theta: Double, headSize: Int) {
    precondition(headSize > 0 && headSize % 2 == 0, "RotaryEmbedding: a head size of \(headSize) is not even")
    (self.theta, self.headSize) = (theta, headSize)
  }

  /// A table of at least `count` positions.
  func table(positions count: Int) -> Table {
    table.withLock { table in
      if count > table.positions { extend(&table, to: max(count, 2 * table.positions)) }
      return table
    }
  }

  /// Frequencies and angles are rounded to Float32 where PyTorch rounds them: at position 8,000 one bit of a frequency
  /// changes a cosine in its 4th digit.
  private func extend(_ table: inout Table, to count: Int) {
    let half = headSize / 2
    let frequencies = (0..<half).map { 1 / powf(Float(theta), Float(2 * $0) / Float(headSize)) }
    table.values.reserveCapacity(count * headSize)
    for position in table.positions..<count {
      let angles = frequencies.map { Float(position) * $0 }
      table.values += angles.map(cosf)
      table.values += angles.map(sinf)
    }
    table.positions = count
  }
}

/// (yᵢ, yⱼ) = (xᵢ·cos a - xⱼ·sin a, xⱼ·cos a + xᵢ·sin a), j = i + w/2, a = position·θ^(-2i/w), for each head of q and k
/// dx = the rotation of dy by -a        v is not changed.
/// qkv [n, 3d] as for `attention`; one position per row. y overwrites qkv.
/// source: Su et al. 2021 §3.2.2; pairs as in transformers
package func rotate(_ qkv: Tensor, by rotary: RotaryEmbedding, positionIDs: [Int32], _ pass: Pass) -> Tensor {
  let d = qkv.columns / 3, w = rotary.headSize
  precondition(d * 3 == qkv.columns && d % w == 0, "rotate: \(qkv.columns) columns for heads of \(w)")
  precondition(positionIDs.count == qkv.rows, "rotate: \(positionIDs.count) positions for \(qkv.rows) rows")
  precondition(positionIDs.allSatisfy { $0 >= 0 }, "rotate: a position is negative")
  let table = rotary.table(positions: Int(positionIDs.max() ?? -1) + 1)
  let y = pass.tensor(qkv.rows, qkv.columns, qkv.buffer, tracked: qkv.isTracked), slot = qkv.slot
  func rotate(_ x: Tensor, into y: UnsafeMutablePointer<Float>, direction: Float, beta: Float, _ pass: Pass) {
    pass.divideRows(x) { rows in
      let first = rows.lowerBound * 3 * d
      tune_rotate(
        x.pointer + first, table.values, Array(positionIDs[rows]), y + first, rows.count, d, w, direction, beta)
    }
  }
  rotate(qkv, into: y.pointer, direction: 1, beta: 0, pass)
  pass.record(y) { [unowned pass] dy in
    pass.accumulate(slot) { dx, beta in rotate(dy, into: dx.base, direction: -1, beta: beta, pass) }
  }
  return y
}
