/// Kullback-Leibler divergence of a student's probabilities from its teacher's.
internal import CKernels

/// loss = scale·T²·Σᵢ KL(softmax(tᵢ/T) ‖ softmax(xᵢ/T))      logits x, teacher t [n, c]
/// dx = scale·T·(softmax(x/T) - softmax(t/T))        source: Hinton et al. 2015 §2; T² as in DistilBERT
/// T²·torch's KLDivLoss(reduction: sum). The logits are not changed. If they are tracked, their gradient is written
/// over the teacher's logits and becomes theirs without a copy. If another reference holds the teacher's tensor, the
/// next loss of the same logits must copy the gradient first.
package func divergence(
  _ logits: Tensor, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
) -> Double {
  divergence(logits, from: teacher, temperature: temperature, scale: scale, by: tune_divergence, pass)
}

/// A kernel's sum over rows of a divergence of logits from a teacher's, [n, c] both. It writes the gradient, if there is a
/// place for it, of `gradientScale` times the sum with respect to logits/T.
typealias DivergenceKernel = (
  _ logits: UnsafePointer<Float>?, _ teacher: UnsafePointer<Float>?, _ gradient: UnsafeMutablePointer<Float>?,
  _ rows: Int, _ classes: Int, _ inverseTemperature: Float, _ gradientScale: Float
) -> Double

/// scale·T² times the kernel's sum; its gradient is written over the teacher's logits.
func divergence(
  _ logits: Tensor, from teacher: consuming Tensor, temperature: Float, scale: Float, by kernel: DivergenceKernel,
  _ pass: Pass
) -> Double {
  precondition(
    logits.rows == teacher.rows && logits.columns == teacher.columns && !teacher.isTracked,
    "divergence: \(logits.rows) × \(logits.columns) against \(teacher.rows) × \(teacher.columns)")
  let gradient = logits.isTracked ? teacher.pointer : nil
  let sum = kernel(
    logits.pointer, teacher.pointer, gradient, logits.rows, logits.columns, 1 / temperature, scale * temperature)
  pass.addGradient(consume teacher, to: logits.slot)
  return Double(scale * temperature * temperature) * sum
}
