/// How far a student's probabilities are from its teacher's.
internal import CKernels

/// loss = scale·T²·Σᵢ KL(softmax(tᵢ/T) ‖ softmax(xᵢ/T))      logits x, teacher t [n, c]
/// dx = scale·T·(softmax(x/T) - softmax(t/T))        source: Hinton et al. 2015 §2; T² as in DistilBERT
/// As T²·torch's KLDivLoss(reduction: sum). Logits stay as they are. Where their gradient is wanted, it is written over
/// the teacher's numbers and handed over; what else holds that tensor would make the next loss of these logits copy it.
public func divergence(
  _ logits: Tensor, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
) -> Double {
  precondition(
    logits.rows == teacher.rows && logits.columns == teacher.columns && !teacher.isTracked,
    "divergence: \(logits.rows) × \(logits.columns) against \(teacher.rows) × \(teacher.columns)")
  let gradient = logits.isTracked ? teacher.pointer : nil
  let sum = tune_divergence(
    logits.pointer, teacher.pointer, gradient, logits.rows, logits.columns, 1 / temperature, scale * temperature)
  pass.pass(consume teacher, to: logits.slot)
  return Double(scale * temperature * temperature) * sum
}
