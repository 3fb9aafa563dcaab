/// LoRA on one projection: a low-rank update beside its weight (Hu et al. 2021).
package import Autograd
import Encoders
package import Kernels

/// y += s·(dropout(x)·Aᵀ)·Bᵀ       A [r, in]   B [out, r]   s = α/r, or α/√r (Kalajdzievski 2023)
/// with u = x·Aᵀ and v = s·dy·B:   dB += s·dyᵀ·u    dA += vᵀ·x    dx += v·A
package final class LoRA: ProjectionAdapter {
  package let a, b: Parameter
  package let scale: Float
  let dropout: Double

  init(a: Parameter, b: Parameter, scale: Double, dropout: Double) {
    (self.a, self.b) = (a, b)
    self.scale = Float(scale)
    self.dropout = dropout
  }

  convenience init(_ projection: Projection, rank: Int, scale: Double, dropout: Double) {
    self.init(
      a: Parameter(projection.name + ".lora_A.weight", shape: [rank, projection.inputs]),
      b: Parameter(projection.name + ".lora_B.weight", shape: [projection.outputs, rank]), scale: scale,
      dropout: dropout)
  }

  package var isTrainable: Bool { a.isTrainable || b.isTrainable }

  package func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    addLowRank(
      a, times: nil, b, scale: scale, dropout: dropout, to: y, columns: columns, from: x, precision: precision, pass)
  }
}

/// y[:, columns] += s·((dropout(x)·Aᵀ) ⊙ e)·Bᵀ       A [r, in]   e [r], nil: ones   B [out, r]
/// with u = (x·Aᵀ) ⊙ e and v = s·dy·B:   dB += s·dyᵀ·u    de += Σ over rows of v ⊙ (x·Aᵀ)    dA += (v ⊙ e)ᵀ·x
/// dx += (v ⊙ e)·A
/// - Returns: the backward function, which takes dy; nil if y is not tracked.
func addLowRank(
  _ a: Parameter, times e: Parameter?, _ b: Parameter, scale: Float, dropout: Double, to y: Tensor,
  columns: Range<Int>, from x: Tensor, precision: Precision, _ pass: Pass
) -> ((Tensor) -> Void)? {
  let input = Autograd.dropout(x, dropout, pass)
  let down = pass.make(x.rows, a.rows)
  gemm(input.matrix, a.matrix.transposed, into: down.matrix, precision: precision, pass)
  var scaled = down
  if let e {
    scaled = pass.make(x.rows, a.rows)
    Autograd.scale(down.matrix, by: e, into: scaled.matrix)
  }
  gemm(
    scaled.matrix, b.matrix.transposed, into: y.matrix.columns(columns), alpha: scale, beta: 1, precision: precision,
    pass)
  guard y.isTracked else { return nil }
  let savedInput = a.isTrainable ? input : nil, slot = input.slot
  return { [scaled, unowned pass] dy in
    let slice = dy.matrix.columns(columns)
    pass.accumulate(b) { db, beta in
      let into = Matrix(db, rows: b.rows, columns: b.columns)
      gemm(slice.transposed, scaled.matrix, into: into, alpha: scale, beta: beta, precision: precision, pass)
    }
    let up = pass.make(dy.rows, a.rows)
    gemm(slice, b.matrix, into: up.matrix, alpha: scale, precision: precision, pass)
    if let e {
      addDots(up.matrix, down.matrix, to: e, pass)
      Autograd.scale(up.matrix, by: e, into: up.matrix)
    }
    if let savedInput {
      pass.accumulate(a) { da, beta in
        let into = Matrix(da, rows: a.rows, columns: a.columns)
        gemm(up.matrix.transposed, savedInput.matrix, into: into, beta: beta, precision: precision, pass)
      }
    }
    pass.accumulate(slot) { dx, beta in gemm(up.matrix, a.matrix, into: dx, beta: beta, precision: precision, pass) }
  }
}

extension LoRA: Mergeable {
  /// W += s·B·A
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?) {
    gemm(
      b.matrix, a.matrix, into: Matrix(weight, rows: b.rows, columns: a.columns), alpha: scale, beta: 1)
  }
}
