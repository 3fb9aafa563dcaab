/// Residual-init LoRA (PiSSA, OLoRA): the initial B·A is a part of the weight, so it is subtracted from the output.
import Autograd
import Encoders
import Kernels

/// y += s·(dropout(x)·Aᵀ)·Bᵀ - s·(x·A₀ᵀ)·B₀ᵀ        A₀, B₀: initial A and B
/// PEFT subtracts s·B₀·A₀ from the weight. Here the base weight stays unchanged, so other adapters can use it.
final class ResidualInitLoRA: ProjectionAdapter {
  let lora: LoRA
  /// A₀ and B₀ with the scale -s; frozen.
  private let initial: LoRA

  /// - Parameter lora: must be initialized; its A and B are copied.
  init(_ lora: LoRA, of projection: Projection) {
    self.lora = lora
    initial = LoRA(projection, rank: lora.a.rows, scale: -Double(lora.scale), dropout: 0)
    _ = initial.a.values.update(fromContentsOf: lora.a.values)
    _ = initial.b.values.update(fromContentsOf: lora.b.values)
  }

  var isTrainable: Bool { lora.isTrainable }

  func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    let parts = [lora, initial].map {
      $0.apply(to: y, columns: columns, from: x, of: weights, precision: precision, pass)
    }
    guard y.isTracked else { return nil }
    return { dy in parts.forEach { $0?(dy) } }
  }

  /// The same update as a plain LoRA of twice the rank: [A; A₀] and [B, -B₀], as in PEFT's conversion.
  var exports: (a: TensorExport, b: TensorExport) {
    let rank = lora.a.rows, inputs = lora.a.columns, outputs = lora.b.rows
    func rows(_ b: Parameter, _ row: Int, sign: Float) -> [Float] {
      (0..<rank).map { sign * b.pointer[row * rank + $0] }
    }
    return (
      { [self] in ([2 * rank, inputs], Array(lora.a.values) + initial.a.values) },
      { [self] in
        ([outputs, 2 * rank], (0..<outputs).flatMap { rows(lora.b, $0, sign: 1) + rows(initial.b, $0, sign: -1) })
      }
    )
  }
}

extension ResidualInitLoRA: Mergeable {
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?) {
    lora.merge(into: weight, bias: bias)
    initial.merge(into: weight, bias: bias)
  }
}
