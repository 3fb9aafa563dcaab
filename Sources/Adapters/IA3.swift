/// IA3 on one projection: scales its output or its input (Liu et al. 2022).
package import Autograd
import Encoders
package import Kernels

/// y = (x·Wᵀ + b)·diag(l)        l [out, 1]; in a feed-forward module y = (x·diag(l))·Wᵀ + b        l [1, in]
package final class IA3: ProjectionAdapter {
  let gain: Parameter
  /// Whether the input is scaled instead of the output.
  let isFeedforward: Bool
  private let inputs, outputs: Int

  init(_ projection: Projection, isFeedforward: Bool) {
    (inputs, outputs, self.isFeedforward) = (projection.inputs, projection.outputs, isFeedforward)
    gain = Parameter(projection.name + ".ia3_l", shape: isFeedforward ? [1, inputs] : [outputs, 1])
  }

  package var isTrainable: Bool { gain.isTrainable }
  package var rescales: Bool { !isFeedforward }

  package func input(_ x: Tensor, _ pass: Pass) -> Tensor { isFeedforward ? scale(x, by: gain, pass) : x }

  package func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((Tensor) -> Void)? {
    isFeedforward ? nil : scale(columns: columns, of: y, by: gain, pass)
  }
}

extension IA3: Mergeable {
  func merge(into weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?) {
    for row in 0..<outputs {
      for column in 0..<inputs { weight[row * inputs + column] *= gain.pointer[isFeedforward ? column : row] }
      if !isFeedforward { bias?[row] *= gain.pointer[row] }
    }
  }
}
