/// A learned weighted sum of hidden states.        source: Peters et al. 2018 (ELMo), §3.2
internal import CKernels
internal import Glibc
internal import Kernels

/// The weights of a scalar mix, named as in AllenNLP.
package struct MixWeights: Sendable {
  /// [states], before the softmax, and [1].
  package let scalars, gamma: Parameter

  package init(scalars: Parameter, gamma: Parameter) { (self.scalars, self.gamma) = (scalars, gamma) }

  package var parameters: [Parameter] { [scalars, gamma] }
}

/// y = γ·Σ_k s_k·x_k, s = softmax(w)     dx_k = γ·s_k·dy   dγ = Σ_k s_k·⟨dy, x_k⟩   dw_k = γ·s_k·(⟨dy, x_k⟩ - dγ)
/// states x_k [n, d]   →   y [n, d]
package func scalarMix(_ states: [Tensor], _ weights: MixWeights, _ pass: Pass) -> Tensor {
  precondition(weights.scalars.count == states.count, "scalarMix: \(states.count) states")
  let gamma = weights.gamma.pointer[0], shares = softmax(weights.scalars.values)
  let isTrainable = weights.parameters.contains(where: \.isTrainable)
  let y = pass.make(
    states[0].rows, states[0].columns, tracked: isTrainable || states.contains(where: \.isTracked))
  for (index, (x, share)) in zip(states, shares).enumerated() {
    tune_scale(x.pointer, y.pointer, x.count, gamma * share, index == 0 ? 0 : 1)
  }
  let slots = states.map(\.slot), values = isTrainable ? states : []
  pass.record(y) { [unowned pass] dy in
    let dots = values.map { Float(tune_dot(dy.pointer, $0.pointer, dy.count)) }
    let mean = zip(shares, dots).reduce(0) { $0 + $1.0 * $1.1 }
    pass.accumulate(weights.gamma) { $0[0] = mean + ($1 == 0 ? 0 : $0[0]) }
    pass.accumulate(weights.scalars) { dw, beta in
      for (k, dot) in dots.enumerated() {
        dw[k] = gamma * shares[k] * (dot - mean) + (beta == 0 ? 0 : dw[k])
      }
    }
    for (slot, share) in zip(slots, shares) {
      pass.accumulate(slot) { tune_scale(dy.pointer, $0.base, dy.count, gamma * share, $1) }
    }
  }
  return y
}

private func softmax(_ x: some Collection<Float>) -> [Float] {
  let top = x.max() ?? 0, exponentials = x.map { exp($0 - top) }
  let sum = exponentials.reduce(0, +)
  return exponentials.map { $0 / sum }
}
