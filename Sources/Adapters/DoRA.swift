/// Weight-decomposed low-rank adaptation of one projection (Liu et al. 2024): a LoRA turns the rows of the weight, a
/// vector of magnitudes says how long they are.
public import Autograd
internal import CKernels
import Glibc
public import Kernels
import Models
import Synchronization

/// y = g ⊙ (x·Wᵀ + s·(x·Aᵀ)·Bᵀ) + b       g = m/‖W + s·B·A‖, by rows       m [out]
/// With dropout D, as PEFT: y = x·Wᵀ + b + (g - 1) ⊙ (D·Wᵀ) + g ⊙ s·(D·Aᵀ)·Bᵀ.
/// The norms get no gradient (§4.3): dm += Σ rows of dy ⊙ (what g scales)/‖W + s·B·A‖; all else sees g ⊙ dy.
/// What g scales is kept for backward: a second output's memory.
/// Sendable: read during a step; its parameters are written between steps.
public final class DoRA: ProjectionAdapter, @unchecked Sendable {
  let lora: LoRA
  public let magnitude: Parameter
  private let weight, bias: Parameter
  private let dropout: Double
  /// The squared length of each row of W as it is kept, once somebody has asked.
  private let squares = Mutex<(areHalf: Bool, values: [Double])?>(nil)

  init(_ lora: LoRA, magnitude: Parameter, weight: Parameter, bias: Parameter, dropout: Double) {
    (self.lora, self.magnitude, self.weight, self.bias) = (lora, magnitude, weight, bias)
    self.dropout = dropout
  }

  convenience init(_ projection: Projection, rank: Int, scale: Double, dropout: Double) {
    self.init(
      LoRA(projection, rank: rank, scale: scale, dropout: 0),
      magnitude: Parameter(projection.name + ".lora_magnitude_vector", shape: [projection.outputs]),
      weight: projection.weight, bias: projection.bias, dropout: dropout)
  }

  /// The magnitudes as they are: the model is itself at first.
  func initializeMagnitude() {
    let norms = rowNorms(weight.matrix, squaredRows(weight.matrix))
    for row in 0..<magnitude.count { magnitude.pointer[row] = norms[row] }
  }

  public var isTrainable: Bool { lora.isTrainable || magnitude.isTrainable }
  public var rescales: Bool { dropout == 0 }
  public var keepsBias: Bool { true }

  public func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let (norms, gain) = scales(pass)
    let drops = dropout > 0 && pass.isTraining
    return drops
      ? applyDropping(to: y, columns, from: x, precision, norms, gain, pass)
      : applyWhole(to: y, columns, from: x, precision, norms, gain, pass)
  }

  private func applyWhole(
    to y: Tensor, _ columns: Range<Int>, from x: Tensor, _ precision: Precision, _ norms: Tensor, _ gain: Tensor,
    _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let back = lora.apply(to: y, columns: columns, from: x, precision: precision, pass)
    let slice = y.matrix.columns(columns)
    let raw = y.isTracked && magnitude.isTrainable ? pass.make(y.rows, columns.count) : nil
    tune_rescale(slice.base, slice.stride, gain.pointer, bias.pointer, raw?.pointer, slice.rows, slice.columns)
    guard let back else { return nil }
    return { [self, unowned pass] dy in
      let slice = dy.matrix.columns(columns)
      if let raw { learnMagnitude(slice, raw, norms, pass) }
      tune_scale_columns(
        slice.base, slice.stride, gain.pointer, slice.base, slice.stride, slice.rows, slice.columns, 0)
      back(dy)
    }
  }

  private func applyDropping(
    to y: Tensor, _ columns: Range<Int>, from x: Tensor, _ precision: Precision, _ norms: Tensor, _ gain: Tensor,
    _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let x = Autograd.dropout(x, dropout, pass)
    let base = pass.make(x.rows, columns.count), raw = pass.make(x.rows, columns.count, tracked: y.isTracked)
    gemm(x.matrix, weight.matrix.transposed, into: base.matrix, precision: precision)
    raw.pointer.update(from: base.pointer, count: base.count)
    let back = lora.apply(to: raw, columns: 0..<columns.count, from: x, precision: precision, pass)
    let slice = y.matrix.columns(columns)
    tune_add_rescaled(
      raw.pointer, base.pointer, gain.pointer, slice.base, slice.stride, slice.rows, slice.columns)
    guard let back else { return nil }
    let slot = x.slot
    return { [self, unowned pass] dy in
      let slice = dy.matrix.columns(columns)
      if magnitude.isTrainable { learnMagnitude(slice, raw, norms, pass) }
      let scaled = pass.make(slice.rows, slice.columns)
      tune_scale_columns(
        slice.base, slice.stride, gain.pointer, scaled.pointer, scaled.columns, slice.rows, slice.columns, 0)
      back(scaled)
      for index in 0..<slice.columns { gain.pointer[index] -= 1 }  // What x·Wᵀ of the dropped x is times.
      tune_scale_columns(
        slice.base, slice.stride, gain.pointer, scaled.pointer, scaled.columns, slice.rows, slice.columns, 0)
      pass.accumulate(slot) { [weight] dx, beta in
        gemm(scaled.matrix, weight.matrix, into: dx, beta: beta, precision: precision)
      }
    }
  }

  /// dm += Σ rows of dy ⊙ raw/norms
  private func learnMagnitude(_ dy: Matrix, _ raw: Tensor, _ norms: Tensor, _ pass: Pass) {
    let sums = pass.make(1, dy.columns)
    tune_column_dots(dy.base, dy.stride, raw.pointer, raw.columns, sums.pointer, dy.rows, dy.columns, 0)
    pass.accumulate(magnitude) { dm, beta in
      for index in 0..<sums.columns {
        dm[index] = sums.pointer[index] / norms.pointer[index] + (beta == 0 ? 0 : beta * dm[index])
      }
    }
  }

  /// ‖W + s·B·A‖ and m over it, by rows.
  private func scales(_ pass: Pass) -> (norms: Tensor, gain: Tensor) {
    let squares = self.squares.withLock { known in
      if let known, known.areHalf == weight.isBF16 { return known.values }
      let values = squaredRows(weight.matrix)
      known = (weight.isBF16, values)
      return values
    }
    let norms = pass.make(1, magnitude.count), gain = pass.make(1, magnitude.count)
    for (row, norm) in rowNorms(weight.matrix, squares).enumerated() {
      norms.pointer[row] = norm
      gain.pointer[row] = magnitude.pointer[row] / norm
    }
    return (norms, gain)
  }

  /// ‖W_j + s·B_j·A‖² = ‖W_j‖² + B_j·(2s·A·W_jᵀ + s²·A·Aᵀ·B_jᵀ): the updated weight is never made.
  private func rowNorms(_ weight: Matrix, _ squares: [Double]) -> [Float] {
    let (a, b, rank, out) = (lora.a, lora.b, lora.a.rows, weight.rows)
    let gram = a.matrix * a.matrix.transposed
    var crossed = weight * a.matrix.transposed
    let turned = gram.withMatrix { b.matrix * $0 }
    for k in crossed.values.indices {
      crossed.values[k] = 2 * lora.scale * crossed.values[k] + lora.scale * lora.scale * turned.values[k]
    }
    return (0..<out).map { row in
      var square = squares[row]
      for k in row * rank..<(row + 1) * rank { square += Double(b.pointer[k]) * Double(crossed.values[k]) }
      return Float(max(square, 1e-30).squareRoot())
    }
  }
}

/// The squared length of each row.
private func squaredRows(_ weight: Matrix) -> [Double] {
  weight.withFloat32 { weight in
    (0..<weight.rows).map { tune_sum_squares(weight.base + $0 * weight.stride, weight.columns) }
  }
}

extension DoRA: Mergeable {
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?) {
    let whole = Matrix(weight, rows: self.weight.rows, columns: self.weight.columns)
    let norms = rowNorms(whole, squaredRows(whole))
    lora.merge(into: weight, bias: bias)
    for row in 0..<whole.rows {
      let gain = magnitude.pointer[row] / norms[row]
      for column in 0..<whole.columns { weight[row * whole.columns + column] *= gain }
    }
  }
}
