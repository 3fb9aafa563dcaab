/// How far the relations between a student's tokens are from those between its teacher's.
internal import CKernels
internal import Kernels

/// loss = scale·Σ KL(Rₜ ‖ R) over x in q, k, v, sequences, heads and rows      R = softmax(x·xᵀ/√w)      w = d/heads
/// dS = scale·(R - Rₜ)   dx = (dS + dSᵀ)·x/√w        source: Wang et al. 2021 (MiniLMv2) eqs. 5-8
/// qkv [n, 3d], teacher [n, 3dₜ]. `heads` are relation heads: any number that divides both widths, whatever attention
/// cuts them into. `starts` as for `attention`. The source's mean is scale = 1/(3·heads·n).
public func relationDivergence(
  _ qkv: Tensor, from teacher: Tensor, sequenceOffsets: [Int], heads: Int, scale: Float, _ pass: Pass
) -> Double {
  let sum = compareScores("relationDivergence", qkv, teacher, starts: sequenceOffsets, heads: heads, pass) {
    rows, s, ds, dqkv, beta in
    var sum = 0.0
    for part in QKVPart.allCases {
      for head in 0..<heads {
        func cut(_ x: Matrix) -> Matrix { x.head(head, of: heads, part, rows: rows) }
        let (x, wanted) = (cut(qkv.matrix), cut(teacher.matrix))
        gemm(x, x.transposed, into: s, alpha: x.scoreScale)
        gemm(wanted, wanted.transposed, into: ds, alpha: wanted.scoreScale)
        sum += tune_divergence(s.base, ds.base, dqkv == nil ? nil : ds.base, s.rows, s.rows, 1, scale)
        guard let dx = dqkv.map(cut) else { continue }
        gemm(ds, x, into: dx, alpha: x.scoreScale, beta: beta)
        gemm(ds.transposed, x, into: dx, alpha: x.scoreScale, beta: 1)
      }
    }
    return sum
  }
  return Double(scale) * sum
}
