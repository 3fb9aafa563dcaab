/// Losses of sets of classes: each class applies or not, whatever the others do.
internal import CKernels

/// loss = Σᵢ 1/c·Σ_c [w_c·y·(-log σ(x)) + (1 - y)·(-log(1 - σ(x)))], over rows with a target, divided by `norm`
/// logits x [n, c]   targets y [n, c] row by row, 0 or 1; NaN: no target
/// As torch's BCEWithLogitsLoss(pos_weight: w) when `norm` is the number of rows with a target.
/// - Returns: the loss. Its gradient overwrites the logits and becomes theirs, for `Pass.backward`.
package func binaryCrossEntropy(
  _ logits: Tensor, targets: [Float], positiveWeights: [Float]? = nil, norm: Float, _ pass: Pass
) -> Double {
  precondition(targets.count == logits.count, "binaryCrossEntropy: \(targets.count) targets for \(logits.count) logits")
  let loss = tune_binary_cross_entropy(
    logits.pointer, targets, positiveWeights, logits.rows, logits.columns, norm > 0 ? norm : 1)
  pass.addGradient(logits, to: logits.slot)
  return loss
}

/// loss = scale·T²·Σᵢ 1/c·Σ_c KL(σ(t/T) ‖ σ(x/T))      logits x, teacher t [n, c]
/// dx = scale·T/c·(σ(x/T) - σ(t/T))
/// The logits are not changed. If they are tracked, their gradient is written over the teacher's logits, as by
/// `divergence`.
package func binaryDivergence(
  _ logits: Tensor, from teacher: consuming Tensor, temperature: Float, scale: Float, _ pass: Pass
) -> Double {
  divergence(logits, from: teacher, temperature: temperature, scale: scale, by: tune_binary_divergence, pass)
}
