/// The mean of several untracked tensors of one shape.
internal import CKernels

/// y = Σ xᵢ / count; y overwrites the first tensor.
package func mean(_ tensors: [Tensor]) -> Tensor {
  let (sum, others) = (tensors[0], tensors.dropFirst())
  precondition(
    tensors.allSatisfy { !$0.isTracked && $0.count == sum.count }, "mean: the tensors' shapes differ, or one is tracked"
  )
  if others.isEmpty { return sum }
  for other in others { tune_add(other.pointer, sum.pointer, sum.count) }
  let fraction = 1 / Float(tensors.count)
  for index in 0..<sum.count { sum.pointer[index] *= fraction }
  return sum
}
