/// VeRA on one projection: trained vectors scale shared random matrices (Kopiczko et al. 2024).
package import Autograd
import Encoders
package import Kernels

/// y += (h·Bᵀ)·diag(b) with h = u·diag(d), u = dropout(x)·Aᵀ        d [r]   b [out]
/// A [r, in] and B [out, r] are the first columns and rows of frozen random matrices that all projections share.
/// with v = h·Bᵀ and w = dy·diag(b)·B:   db += Σ over rows of dy·v    dd += Σ over rows of w·u    dx += w·diag(d)·A
package final class VeRA: ProjectionAdapter {
  let d, b: Parameter
  private let shared: VeRASharedMatrices
  private let inputs, outputs: Int
  private let dropout: Double

  init(_ projection: Projection, _ shared: VeRASharedMatrices, dropout: Double) {
    d = Parameter(projection.name + ".vera_lambda_d", shape: [shared.rank])
    b = Parameter(projection.name + ".vera_lambda_b", shape: [projection.outputs])
    (inputs, outputs) = (projection.inputs, projection.outputs)
    (self.shared, self.dropout) = (shared, dropout)
  }

  package var isTrainable: Bool { d.isTrainable || b.isTrainable }
  private var down: Matrix { shared.a.matrix.columns(0..<inputs) }
  private var up: Matrix { Matrix(shared.b.pointer, rows: outputs, columns: shared.rank) }

  package func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let input = Autograd.dropout(x, dropout, pass), rank = shared.rank
    let (u, h, v) = (pass.make(x.rows, rank), pass.make(x.rows, rank), pass.make(x.rows, outputs))
    gemm(input.matrix, down.transposed, into: u.matrix, precision: precision, pass)
    scale(u.matrix, by: d, into: h.matrix)
    gemm(h.matrix, up.transposed, into: v.matrix, precision: precision, pass)
    scale(v.matrix, by: b, into: y.matrix.columns(columns), beta: 1)
    guard y.isTracked else { return nil }
    let slot = input.slot
    return { [self, unowned pass] dy in
      let slice = dy.matrix.columns(columns)
      addDots(slice, v.matrix, to: b, pass)
      // v is no longer needed; its memory now holds dy·diag(b).
      scale(slice, by: b, into: v.matrix)
      let w = pass.make(dy.rows, rank)
      gemm(v.matrix, up, into: w.matrix, precision: precision, pass)
      addDots(w.matrix, u.matrix, to: d, pass)
      scale(w.matrix, by: d, into: w.matrix)
      pass.accumulate(slot) { dx, beta in gemm(w.matrix, down, into: dx, beta: beta, precision: precision, pass) }
    }
  }
}

extension VeRA: Mergeable {
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?) {
    let rank = shared.rank
    var scaled = Array(UnsafeBufferPointer(start: shared.b.pointer, count: outputs * rank))
    for index in scaled.indices { scaled[index] *= b.pointer[index / rank] * d.pointer[index % rank] }
    scaled.withUnsafeMutableBufferPointer {
      gemm(
        Matrix($0.baseAddress!, rows: outputs, columns: rank), down,
        into: Matrix(weight, rows: outputs, columns: inputs), beta: 1)
    }
  }
}

/// The shared random matrices of one adapter, as large as its largest projection; smaller projections use the first
/// columns of A and the first rows of B.
final class VeRASharedMatrices: Sendable {
  let rank: Int
  /// [r, max inputs] and [max outputs, r]
  let a, b: Parameter

  init(rank: Int, of projections: [Projection]) {
    self.rank = rank
    a = Parameter("base_model.vera_A", shape: [rank, projections.map(\.inputs).max() ?? 0])
    b = Parameter("base_model.vera_B", shape: [projections.map(\.outputs).max() ?? 0, rank])
  }

  /// Kaiming uniform initialization with gain √2, as in PEFT, but with another generator.        source: He et al. 2015
  func initialize(key: UInt64) {
    for parameter in [a, b] {
      Initializer.uniform((6 / Double(parameter.columns)).squareRoot()).fill(parameter, seed: key)
    }
  }
}
