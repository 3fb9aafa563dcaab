/// The loss of classification; the logits become their own gradient.
internal import CKernels

/// loss = Σᵢ wᵧ·[(1 - s)·(-log pᵧ)] + s/c·Σ_c w_c·(-log p_c), over rows with a target, divided by `norm`
/// logits [n, c]   targets: a class a row, or a negative number where the row does not count
/// As torch's CrossEntropyLoss(weight, label_smoothing) when `norm` is Σ wᵧ over the whole batch.
/// Where no row counts, Σ wᵧ is 0, and so are the loss and its gradient.
/// - Returns: the loss. Its gradient overwrites the logits, and is given to them: `Pass.backward` sends it on.
public func crossEntropy(
  _ logits: Tensor, targets: [Int32], weights: [Float]? = nil, smoothing: Float = 0, norm: Float, _ pass: Pass
) -> Double {
  precondition(targets.count == logits.rows, "crossEntropy: \(targets.count) targets for \(logits.rows) rows")
  let loss = tune_cross_entropy(
    logits.pointer, targets, weights, logits.rows, logits.columns, smoothing, norm > 0 ? norm : 1)
  pass.pass(logits, to: logits.slot)
  return loss
}
