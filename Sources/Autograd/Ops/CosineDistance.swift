/// Cosine distance between a student's and its teacher's rows.
internal import CKernels
internal import Kernels

/// loss = scale·Σᵢ (1 - cos(xᵢ, tᵢ))      x, teacher t [n, d]      cos = x·t/√((|x|² + ε)(|t|² + ε)), ε = 1e-12
/// dx = scale·(x·(x·t)/(|x|² + ε) - t)/√(…)        source: torch's CosineEmbeddingLoss with target 1
/// The distance of a zero row is 1. Where x's row is zero, ε bounds the gradient: its norm is at most scale·10⁶.
package func cosineDistance(_ x: Tensor, from teacher: Tensor, scale: Float, _ pass: Pass) -> Double {
  precondition(
    x.rows == teacher.rows && x.columns == teacher.columns,
    "cosineDistance: \(x.rows) × \(x.columns) against \(teacher.rows) × \(teacher.columns)")
  var sum = 0.0
  pass.accumulateLossGradient(x.slot) { dx, beta in
    sum = tune_cosine_distance(x.pointer, teacher.pointer, dx?.base, x.rows, x.columns, scale, beta)
  }
  return Double(scale) * sum
}
