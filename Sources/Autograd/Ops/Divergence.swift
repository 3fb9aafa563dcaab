/// Kullback-Leibler divergence of a student's probabilities from its teacher's.
internal import CKernels

/// loss = scale·T²·Σᵢ KL(softmax(tᵢ/T) ‖ softmax(xᵢ/T))      logits x, teacher t [n, c]
/// dx = scale·T·(softmax(x/T) - softmax(t/T))        source: Hinton et al. 2015 §2; T² as in DistilBERT
/// T²·torch's KLDivLoss(reduction: sum). The logits are not changed. If they are tracked, their gradient is written
/// over the teacher's logits and becomes theirs without a copy. If another reference holds the teacher's tensor, the
/// next loss of the same logits must copy the gradient first.
public func divergence(
  _ logits: Tensor, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
) -> Double {
  precondition(
    logits.rows == teacher.rows && logits.columns == teacher.columns && !teacher.isTracked,
    "divergence: \(logits.rows) × \(logits.columns) against \(teacher.rows) × \(teacher.columns)")
  let gradient = logits.isTracked ? teacher.pointer : nil
  let sum = tune_divergence(
    logits.pointer, teacher.pointer, gradient, logits.rows, logits.columns, 1 / temperature, scale * temperature)
  pass.addGradient(consume teacher, to: logits.slot)
  return Double(scale * temperature * temperature) * sum
}
