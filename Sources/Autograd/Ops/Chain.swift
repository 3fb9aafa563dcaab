/// The loss of a linear-chain CRF.        source: Lafferty et al. 2001
internal import CKernels

/// The scores of a CRF besides its emissions, named as in pytorch-crf.
package struct ChainWeights: Sendable {
  /// Of the first tag, and of the last: [c].
  package let start, end: Parameter
  /// Of a tag (row) and the one after it (column): [c, c].
  package let transitions: Parameter

  package init(start: Parameter, transitions: Parameter, end: Parameter) {
    (self.start, self.transitions, self.end) = (start, transitions, end)
  }

  /// Weights of the same names for another number of tags.
  package init(shapedLike other: ChainWeights, tags: Int) {
    self.init(
      start: Parameter(other.start.name, shape: [tags]),
      transitions: Parameter(other.transitions.name, shape: [tags, tags]),
      end: Parameter(other.end.name, shape: [tags]))
  }

  package var parameters: [Parameter] { [start, transitions, end] }
}

/// loss = Σ over sequences of log Σ_tags e^score(tags) - score(targets), divided by `norm`
/// score(y) = start[y₁] + Σ emissions[t, y_t] + Σ transitions[y_{t-1}, y_t] + end[y_n]
/// emissions [n, c], the sequences end to end   targets: the tags of each sequence; one with a negative tag is ignored
/// As pytorch-crf's negative sum when `norm` is 1, and its "token_mean" when it is the number of all tags.
/// - Returns: the loss. Its gradient overwrites the emissions and becomes theirs, for `Pass.backward`.
package func chainLoss(
  _ emissions: Tensor, targets: [[Int32]], _ weights: ChainWeights, norm: Float, _ pass: Pass
) -> Double {
  let c = emissions.columns, scale = 1 / (norm > 0 ? norm : 1), longest = targets.lazy.map(\.count).max() ?? 0
  precondition(
    targets.reduce(0) { $0 + $1.count } == emissions.rows && weights.transitions.count == c * c,
    "chainLoss: \(emissions.rows) rows of \(c) tags")
  var gradients = [Double](repeating: 0, count: c * (c + 2)), scratch = [Double](repeating: 0, count: (longest + 3) * c)
  var loss = 0.0, row = emissions.pointer
  for tags in targets where !tags.isEmpty {
    if tags.contains(where: { $0 < 0 }) {
      row.update(repeating: 0, count: tags.count * c)
    } else {
      loss += tune_chain(
        row, tags, weights.start.pointer, weights.transitions.pointer, weights.end.pointer, &gradients, &scratch,
        tags.count, c, scale)
    }
    row += tags.count * c
  }
  for (weight, first) in [(weights.start, 0), (weights.transitions, c), (weights.end, c * (c + 1))] {
    pass.accumulate(weight) { gradient, beta in
      for i in 0..<weight.count {
        gradient[i] = (beta == 0 ? 0 : gradient[i]) + Float(gradients[first + i] * Double(scale))
      }
    }
  }
  pass.addGradient(emissions, to: emissions.slot)
  return loss * Double(scale)
}
