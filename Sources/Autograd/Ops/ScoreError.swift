/// Squared error between a student's and its teacher's attention scores (TinyBERT).
internal import CKernels
internal import Kernels

/// loss = scale·Σ (S - Sₜ)² over sequences and heads      S = q·kᵀ/√w, before softmax      w = d/heads
/// dS = 2·scale·(S - Sₜ)   dq = dS·k/√w   dk = dSᵀ·q/√w        source: Jiao et al. 2020 (TinyBERT) eq. 7
/// qkv [n, 3d], teacher [n, 3dₜ]: the same number of heads, whose sizes may differ. `sequenceOffsets` as for
/// `attention`.
/// The paper's mean over a sequence's scores is scale = 1/(heads·t²) where all sequences have t tokens.
package func scoreError(
  _ qkv: Tensor, from teacher: Tensor, sequenceOffsets: [Int], heads: Int, scale: Float, _ pass: Pass
) -> Double {
  let sum = compareScores("scoreError", qkv, teacher, sequenceOffsets: sequenceOffsets, heads: heads, pass) {
    rows, s, ds, dqkv, beta in
    var sum = 0.0
    for head in 0..<heads {
      func slice(_ x: Matrix, _ part: QKVPart) -> Matrix { x.head(head, of: heads, part, rows: rows) }
      let (q, k) = (slice(qkv.matrix, .query), slice(qkv.matrix, .key))
      let (qTeacher, kTeacher) = (slice(teacher.matrix, .query), slice(teacher.matrix, .key))
      gemm(q, k.transposed, into: s, alpha: q.scoreScale)
      gemm(qTeacher, kTeacher.transposed, into: ds, alpha: qTeacher.scoreScale)
      sum += tune_squared_error(s.base, ds.base, dqkv == nil ? nil : ds.base, s.rows * s.rows, 2 * scale, 0)
      guard let dqkv else { continue }
      gemm(ds, k, into: slice(dqkv, .query), alpha: q.scoreScale, beta: beta)
      gemm(ds.transposed, q, into: slice(dqkv, .key), alpha: q.scoreScale, beta: beta)
      if beta == 0 { slice(dqkv, .value).clear() }
    }
    return sum
  }
  return Double(scale) * sum
}
