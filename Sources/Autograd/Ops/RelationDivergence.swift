/// Divergence between the self-attention relations of a student and those of its teacher (MiniLMv2).
internal import CKernels
internal import Kernels

/// loss = scale·Σ KL(Rₜ ‖ R) over x in q, k, v, sequences, heads and rows      R = softmax(x·xᵀ/√w)      w = d/heads
/// dS = scale·(R - Rₜ)   dx = (dS + dSᵀ)·x/√w        source: Wang et al. 2021 (MiniLMv2) eqs. 5-8
/// qkv [n, 3d], teacher [n, 3dₜ]. `heads` are relation heads, which may differ from the attention heads and must divide
/// d and dₜ. `sequenceOffsets` as for `attention`. The paper's mean is scale = 1/(3·heads·n).
package func relationDivergence(
  _ qkv: Tensor, from teacher: Tensor, sequenceOffsets: [Int], heads: Int, scale: Float, _ pass: Pass
) -> Double {
  let sum = compareScores("relationDivergence", qkv, teacher, sequenceOffsets: sequenceOffsets, heads: heads, pass) {
    rows, s, ds, dqkv, beta in
    var sum = 0.0
    for part in QKVPart.allCases {
      for head in 0..<heads {
        func slice(_ x: Matrix) -> Matrix { x.head(head, of: heads, part, rows: rows) }
        let (x, xTeacher) = (slice(qkv.matrix), slice(teacher.matrix))
        gemm(x, x.transposed, into: s, alpha: x.scoreScale)
        gemm(xTeacher, xTeacher.transposed, into: ds, alpha: xTeacher.scoreScale)
        sum += tune_divergence(s.base, ds.base, dqkv == nil ? nil : ds.base, s.rows, s.rows, 1, scale)
        guard let dx = dqkv.map(slice) else { continue }
        gemm(ds, x, into: dx, alpha: x.scoreScale, beta: beta)
        gemm(ds.transposed, x, into: dx, alpha: x.scoreScale, beta: 1)
      }
    }
    return sum
  }
  return Double(scale) * sum
}
