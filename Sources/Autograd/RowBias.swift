/// A bias in place of a linear layer's, for some rows of a batch.
internal import CKernels
package import Kernels

/// y[:, columns] += own - bias, and then what an adapter of the layer does. Only for passes without gradients.
package final class RowBias: ProjectionAdapter {
  private let own: Parameter
  private let adapter: (any ProjectionAdapter)?

  /// - Parameter own: in place of the layer's bias.
  package init(_ own: Parameter, _ adapter: (any ProjectionAdapter)?) { (self.own, self.adapter) = (own, adapter) }

  package var isTrainable: Bool { false }
  package func input(_ x: Tensor, _ pass: Pass) -> Tensor { adapter?.input(x, pass) ?? x }

  package func apply(
    to y: Tensor, columns: Range<Int>, from x: Tensor, of weights: LinearWeights, precision: Precision, _ pass: Pass
  ) -> ((_ dy: Tensor) -> Void)? {
    guard let bias = weights.bias else { preconditionFailure("\(own.name) in place of no bias") }
    let difference = pass.make(1, own.count)
    for column in 0..<own.count { difference.pointer[column] = own.pointer[column] - bias.pointer[column] }
    for row in 0..<y.rows {
      tune_add(difference.pointer, y.pointer + row * y.columns + columns.lowerBound, own.count)
    }
    return adapter?.apply(
      to: y, columns: columns, from: x, of: LinearWeights(weight: weights.weight, bias: own), precision: precision,
      pass)
  }
}
