/// AdaLoRA on one projection: a low-rank update in the form of a singular value decomposition (Zhang et al. 2023).
package import Autograd
import Encoders
package import Kernels

/// y += c·((dropout(x)·Aᵀ) ⊙ E)·Bᵀ      A [r, in]   E [r, 1]   B [out, r]   c = α/(r₀ + 1e-5), r₀ the initial rank
/// with u = x·Aᵀ, v = c·dy·B:   dB += c·dyᵀ·(u ⊙ E)   dE += Σ over rows of u ⊙ v   dA += (v ⊙ E)ᵀ·x   dx += (v ⊙ E)·A
package final class AdaLoRA: ProjectionAdapter {
  package let a, e, b: Parameter
  package let scale: Float
  private let dropout: Double

  init(a: Parameter, e: Parameter, b: Parameter, scale: Double, dropout: Double) {
    (self.a, self.e, self.b) = (a, e, b)
    self.scale = Float(scale)
    self.dropout = dropout
  }

  convenience init(_ projection: Projection, rank: Int, scale: Double, dropout: Double) {
    self.init(
      a: Parameter(projection.name + ".lora_A", shape: [rank, projection.inputs]),
      e: Parameter(projection.name + ".lora_E", shape: [rank, 1]),
      b: Parameter(projection.name + ".lora_B", shape: [projection.outputs, rank]), scale: scale, dropout: dropout)
  }

  /// A and B from a normal distribution with standard deviation 0.02; E stays zero.
  func initialize(seed: UInt64) { for matrix in [a, b] { Initializer.normal(0.02).fill(matrix, seed: seed) } }

  package var isTrainable: Bool { a.isTrainable || e.isTrainable || b.isTrainable }

  package func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    // An adapter file may have rank 0 here: pruning removed every triplet.
    guard a.rows > 0 else { return nil }
    return addLowRank(
      a, times: e, b, scale: scale, dropout: dropout, to: y, columns: columns, from: x, precision: precision, pass)
  }
}

extension AdaLoRA: Mergeable {
  /// W += c·B·(E ⊙ A)
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?) {
    guard a.rows > 0 else { return }
    var scaledA = DenseMatrix(a.matrix)
    for index in scaledA.values.indices { scaledA.values[index] *= e.pointer[index / a.columns] }
    let delta = DenseMatrix(b.matrix) * scaledA
    for index in delta.values.indices { weight[index] += scale * delta.values[index] }
  }
}
