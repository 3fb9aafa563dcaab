/// DoRA on one projection (Liu et al. 2024): a LoRA changes the direction of the weight's rows, and a magnitude vector
/// sets their norms.
package import Autograd
internal import CKernels
import Encoders
import Glibc
package import Kernels
import Synchronization

/// y = g ⊙ (x·Wᵀ + s·(x·Aᵀ)·Bᵀ) + b       g = m/‖W + s·B·A‖, row by row       m [out]
/// With dropout D, as in PEFT: y = x·Wᵀ + b + (g - 1) ⊙ (D·Wᵀ) + g ⊙ s·(D·Aᵀ)·Bᵀ.
/// The norms are constants in backward (§4.3): dm += Σ over rows of dy ⊙ (what g scales)/‖W + s·B·A‖; all else gets
/// g ⊙ dy. What g scales is saved for backward, which takes as much memory as y.
package final class DoRA: ProjectionAdapter {
  let lora: LoRA
  package let magnitude: Parameter
  private let dropout: Double
  /// Cached squared row norms of the frozen W, computed on first use from its values as they are stored.
  private let squaredNorms = Mutex<(weight: Parameter, isBF16: Bool, values: [Double])?>(nil)
  /// Cached ‖W + s·B·A‖ of an adapter that is not trained.
  private let frozenNorms = Mutex<(weight: Parameter, values: [Float])?>(nil)

  init(_ lora: LoRA, magnitude: Parameter, dropout: Double) {
    (self.lora, self.magnitude, self.dropout) = (lora, magnitude, dropout)
  }

  convenience init(_ projection: Projection, rank: Int, scale: Double, dropout: Double) {
    self.init(
      LoRA(projection, rank: rank, scale: scale, dropout: 0),
      magnitude: Parameter(projection.name + ".lora_magnitude_vector", shape: [projection.outputs]), dropout: dropout)
  }

  /// m = ‖W + s·B·A‖, so that the adapted model initially equals the base.
  func initializeMagnitude(_ weight: Parameter) {
    let norms = rowNorms(weight.matrix, squaredRowNorms(weight.matrix))
    for row in 0..<magnitude.count { magnitude.pointer[row] = norms[row] }
  }

  package var isTrainable: Bool { lora.isTrainable || magnitude.isTrainable }
  package var rescales: Bool { dropout == 0 }
  package var keepsBias: Bool { true }

  package func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let (norms, gain) = scales(weights.weight, pass)
    return dropout > 0 && pass.hasDropout
      ? applyWithDropout(to: y, columns, from: x, weights, precision, norms, gain, pass)
      : applyWithoutDropout(to: y, columns, from: x, weights, precision, norms, gain, pass)
  }

  private func applyWithoutDropout(
    to y: Tensor, _ columns: Range<Int>, from x: Tensor, _ weights: LinearWeights, _ precision: Precision,
    _ norms: Tensor, _ gain: Tensor, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let backward = lora.apply(to: y, columns: columns, from: x, of: weights, precision: precision, pass)
    let slice = y.matrix.columns(columns)
    let unscaled = y.isTracked && magnitude.isTrainable ? pass.make(y.rows, columns.count) : nil
    tune_rescale(
      slice.base, slice.stride, gain.pointer, weights.bias?.pointer, unscaled?.pointer, slice.rows, slice.columns)
    guard let backward else { return nil }
    return { [self, unowned pass] dy in
      let slice = dy.matrix.columns(columns)
      if let unscaled { accumulateMagnitudeGradient(slice, unscaled, norms, pass) }
      tune_scale_columns(
        slice.base, slice.stride, gain.pointer, slice.base, slice.stride, slice.rows, slice.columns, 0)
      backward(dy)
    }
  }

  private func applyWithDropout(
    to y: Tensor, _ columns: Range<Int>, from x: Tensor, _ weights: LinearWeights, _ precision: Precision,
    _ norms: Tensor, _ gain: Tensor, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let x = Autograd.dropout(x, dropout, pass), weight = weights.weight
    let base = pass.make(x.rows, columns.count), unscaled = pass.make(x.rows, columns.count, tracked: y.isTracked)
    gemm(x.matrix, weight.matrix.transposed, into: base.matrix, precision: precision, pass)
    unscaled.pointer.update(from: base.pointer, count: base.count)
    let backward = lora.apply(
      to: unscaled, columns: 0..<columns.count, from: x, of: weights, precision: precision, pass)
    let slice = y.matrix.columns(columns)
    tune_add_rescaled(
      unscaled.pointer, base.pointer, gain.pointer, slice.base, slice.stride, slice.rows, slice.columns)
    guard let backward else { return nil }
    let slot = x.slot
    return { [self, unowned pass] dy in
      let slice = dy.matrix.columns(columns)
      if magnitude.isTrainable { accumulateMagnitudeGradient(slice, unscaled, norms, pass) }
      let scaled = pass.make(slice.rows, slice.columns)
      tune_scale_columns(
        slice.base, slice.stride, gain.pointer, scaled.pointer, scaled.columns, slice.rows, slice.columns, 0)
      backward(scaled)
      for index in 0..<slice.columns { gain.pointer[index] -= 1 }  // D·Wᵀ is scaled by g - 1.
      tune_scale_columns(
        slice.base, slice.stride, gain.pointer, scaled.pointer, scaled.columns, slice.rows, slice.columns, 0)
      pass.accumulate(slot) { dx, beta in
        gemm(scaled.matrix, weight.matrix, into: dx, beta: beta, precision: precision, pass)
      }
    }
  }

  /// dm += Σ over rows of dy ⊙ unscaled/norms
  private func accumulateMagnitudeGradient(_ dy: Matrix, _ unscaled: Tensor, _ norms: Tensor, _ pass: Pass) {
    let sums = pass.make(1, dy.columns)
    tune_column_dots(dy.base, dy.stride, unscaled.pointer, unscaled.columns, sums.pointer, dy.rows, dy.columns, 0)
    pass.accumulate(magnitude) { dm, beta in
      for index in 0..<sums.columns {
        dm[index] = sums.pointer[index] / norms.pointer[index] + (beta == 0 ? 0 : beta * dm[index])
      }
    }
  }

  /// ‖W + s·B·A‖ and m/‖W + s·B·A‖, row by row.
  private func scales(_ weight: Parameter, _ pass: Pass) -> (norms: Tensor, gain: Tensor) {
    let norms = pass.make(1, magnitude.count), gain = pass.make(1, magnitude.count)
    for (row, norm) in (isTrainable ? trainedNorms(weight) : untrainedNorms(weight)).enumerated() {
      norms.pointer[row] = norm
      gain.pointer[row] = magnitude.pointer[row] / norm
    }
    return (norms, gain)
  }

  private func trainedNorms(_ weight: Parameter) -> [Float] {
    let squaredNorms = self.squaredNorms.withLock { cached in
      if let cached, cached.weight === weight, cached.isBF16 == weight.isBF16 { return cached.values }
      let values = squaredRowNorms(weight.matrix)
      cached = (weight, weight.isBF16, values)
      return values
    }
    return rowNorms(weight.matrix, squaredNorms)
  }

  private func untrainedNorms(_ weight: Parameter) -> [Float] {
    frozenNorms.withLock { cached in
      if let cached, cached.weight === weight { return cached.values }
      let unpacked = weight.packed == nil ? weight : weight.asFloat32
      let values = withExtendedLifetime(unpacked) { rowNorms(unpacked.matrix, squaredRowNorms(unpacked.matrix)) }
      cached = (weight, values)
      return values
    }
  }

  /// ‖W_j + s·B_j·A‖² = ‖W_j‖² + B_j·(2s·A·W_jᵀ + s²·A·Aᵀ·B_jᵀ): the updated weight is never computed.
  private func rowNorms(_ weight: Matrix, _ squaredNorms: [Double]) -> [Float] {
    let (a, b, rank, out) = (lora.a, lora.b, lora.a.rows, weight.rows)
    let gram = a.matrix * a.matrix.transposed
    var projected = weight * a.matrix.transposed
    let updated = gram.withMatrix { b.matrix * $0 }
    for k in projected.values.indices {
      projected.values[k] = 2 * lora.scale * projected.values[k] + lora.scale * lora.scale * updated.values[k]
    }
    return (0..<out).map { row in
      var square = squaredNorms[row]
      for k in row * rank..<(row + 1) * rank { square += Double(b.pointer[k]) * Double(projected.values[k]) }
      return Float(max(square, 1e-30).squareRoot())
    }
  }
}

/// ‖W_j‖² of each row.
private func squaredRowNorms(_ weight: Matrix) -> [Double] {
  weight.withFloat32 { weight in
    (0..<weight.rows).map { tune_sum_squares(weight.base + $0 * weight.stride, weight.columns) }
  }
}

extension DoRA: Mergeable {
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?) {
    let base = Matrix(weight, rows: lora.b.rows, columns: lora.a.columns)
    let norms = rowNorms(base, squaredRowNorms(base))
    lora.merge(into: weight, bias: bias)
    for row in 0..<base.rows {
      let gain = magnitude.pointer[row] / norms[row]
      for column in 0..<base.columns { weight[row * base.columns + column] *= gain }
    }
  }
}
