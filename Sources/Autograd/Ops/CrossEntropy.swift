/// Cross-entropy for classification. The gradient overwrites the logits.
internal import CKernels

/// loss = Σᵢ wᵧ·[(1 - s)·(-log pᵧ)] + s/c·Σ_c w_c·(-log p_c), over rows with a target, divided by `norm`
/// logits [n, c]   targets: one class per row, or a negative number for a row to ignore
/// As torch's CrossEntropyLoss(weight, label_smoothing) when `norm` is Σ wᵧ over the whole batch.
/// If all rows are ignored, the loss and its gradient are 0; `norm` may then be 0 too.
/// - Returns: the loss. Its gradient overwrites the logits and becomes theirs, for `Pass.backward`.
package func crossEntropy(
  _ logits: Tensor, targets: [Int32], weights: [Float]? = nil, smoothing: Float = 0, norm: Float, _ pass: Pass
) -> Double {
  precondition(targets.count == logits.rows, "crossEntropy: \(targets.count) targets for \(logits.rows) rows")
  let loss = tune_cross_entropy(
    logits.pointer, targets, weights, logits.rows, logits.columns, smoothing, norm > 0 ? norm : 1)
  pass.addGradient(logits, to: logits.slot)
  return loss
}
