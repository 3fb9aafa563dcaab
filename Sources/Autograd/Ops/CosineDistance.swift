/// How far the directions of a student's rows are from its teacher's.
internal import CKernels
internal import Kernels

/// loss = scale·Σᵢ (1 - cos(xᵢ, tᵢ))      x, teacher t [n, d]      cos = x·t/√((|x|² + ε)(|t|² + ε)), ε = 1e-12
/// dx = scale·(x·(x·t)/(|x|² + ε) - t)/√(…)        source: torch's CosineEmbeddingLoss with target 1
/// A row of zeros is at distance 1; where it is x's, the gradient has ε's size: scale·10⁶.
public func cosineDistance(_ x: Tensor, from teacher: Tensor, scale: Float, _ pass: Pass) -> Double {
  precondition(
    x.rows == teacher.rows && x.columns == teacher.columns,
    "cosineDistance: \(x.rows) × \(x.columns) against \(teacher.rows) × \(teacher.columns)")
  var sum = 0.0
  pass.seed(x.slot) { dx, beta in
    sum = tune_cosine_distance(x.pointer, teacher.pointer, dx?.base, x.rows, x.columns, scale, beta)
  }
  return Double(scale) * sum
}
