/// The mean of several tensors of one shape, none of which learns.
internal import CKernels

/// y = Σ xᵢ / count; overwrites the first.
public func mean(_ tensors: [Tensor]) -> Tensor {
  let (sum, others) = (tensors[0], tensors.dropFirst())
  precondition(tensors.allSatisfy { !$0.isTracked && $0.count == sum.count }, "mean: shapes differ, or one learns")
  if others.isEmpty { return sum }
  for other in others { tune_add(other.pointer, sum.pointer, sum.count) }
  let share = 1 / Float(tensors.count)
  for index in 0..<sum.count { sum.pointer[index] *= share }
  return sum
}
