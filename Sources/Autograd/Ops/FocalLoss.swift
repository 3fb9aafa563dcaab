/// Focal losses (Lin et al. 2017): cross-entropies in which an example counts less the more certain it already is.
internal import CKernels

/// loss = Σᵢ wᵧ·(1 - pᵧ)^γ·(-log pᵧ), over rows with a target, divided by `norm`
/// logits [n, c]   targets: one class per row, or a negative number for a row to ignore
/// The weights are the paper's α (equation 5).
/// - Returns: the loss. Its gradient overwrites the logits and becomes theirs, for `Pass.backward`.
package func focalCrossEntropy(
  _ logits: Tensor, targets: [Int32], weights: [Float]? = nil, gamma: Float, norm: Float, _ pass: Pass
) -> Double {
  precondition(targets.count == logits.rows, "focalCrossEntropy: \(targets.count) targets for \(logits.rows) rows")
  let loss = tune_focal_cross_entropy(
    logits.pointer, targets, weights, logits.rows, logits.columns, gamma, norm > 0 ? norm : 1)
  pass.addGradient(logits, to: logits.slot)
  return loss
}

/// loss = Σᵢ 1/c·Σ_c [w_c·y·(1 - p)^γ·(-log p) + (1 - y)·p^γ·(-log(1 - p))], p = σ(x), divided by `norm`
/// logits x [n, c]   targets y [n, c] row by row, 0 or 1; NaN: no target
/// torchvision's `sigmoid_focal_loss(alpha)` is (1 - alpha) times this one with w = alpha / (1 - alpha).
/// - Returns: the loss. Its gradient overwrites the logits and becomes theirs, for `Pass.backward`.
package func focalBinaryCrossEntropy(
  _ logits: Tensor, targets: [Float], positiveWeights: [Float]? = nil, gamma: Float, norm: Float, _ pass: Pass
) -> Double {
  precondition(
    targets.count == logits.count, "focalBinaryCrossEntropy: \(targets.count) targets, \(logits.count) logits")
  let loss = tune_focal_binary_cross_entropy(
    logits.pointer, targets, positiveWeights, logits.rows, logits.columns, gamma, norm > 0 ? norm : 1)
  pass.addGradient(logits, to: logits.slot)
  return loss
}
