/// Products with packed weights in a pass, on all threads that are idle.
import Kernels

/// result = x·Wᵀ + bias for an x that other products may share.
struct PackedProduct {
  let weights: any PackedWeights
  let bias: UnsafePointer<Float>?
  let result: Matrix
}

/// Computes the products of x. All weights are packed in the same way. x is packed once, and outputs are divided among
/// threads.
func multiply(_ x: Tensor, _ products: [PackedProduct], _ pass: Pass) {
  guard let weights = products.first?.weights else { return }
  let input = pass.workspace.take(weights.inputSize(x.rows)), matrix = x.matrix
  pass.divideRows(x) { weights.packInput(matrix, $0, into: input.pointer) }
  // Every product's outputs begin at a multiple of 32.
  let ends = products.reduce(into: [0]) { $0.append($0[$0.count - 1] + ($1.weights.rows + 31) / 32 * 32) }
  let count = ends[products.count]
  pass.divide(count, unit: 32, cost: x.rows * count * x.columns / 32) { range, _ in
    for (product, first) in zip(products, ends) {
      let outputs = range.clamped(to: first..<first + product.weights.rows)
      if outputs.isEmpty { continue }
      let own = outputs.lowerBound - first..<outputs.upperBound - first
      product.weights.multiply(input.pointer, outputs: own, into: product.result.columns(own), bias: product.bias)
    }
  }
}
