/// How an output is divided among the words of the input.
package import Files

package enum ExplanationMethod: Sendable, Equatable {
  /// The integral of the gradient on the straight line from a baseline, times the difference from it
  /// (Sundararajan et al. 2017), by Gauss-Legendre quadrature with so many nodes.
  case integratedGradients(steps: Int)
  /// The gradient times the input.
  case gradientXInput
  /// The product over the layers of (attention + I)/2, attention averaged over the heads (Abnar & Zuidema 2020).
  case attentionRollout
  /// The output less that with the word's tokens masked.
  case leaveOneOut

  package enum Name: String, CaseIterable, Sendable {
    case integratedGradients = "integrated_gradients"
    case gradientXInput = "gradient_x_input"
    case attentionRollout = "attention_rollout"
    case leaveOneOut = "leave_one_out"
  }

  package init(_ name: Name, steps: Int) {
    self =
      switch name {
      case .integratedGradients: .integratedGradients(steps: steps)
      case .gradientXInput: .gradientXInput
      case .attentionRollout: .attentionRollout
      case .leaveOneOut: .leaveOneOut
      }
  }

  package var name: Name {
    switch self {
    case .integratedGradients: .integratedGradients
    case .gradientXInput: .gradientXInput
    case .attentionRollout: .attentionRollout
    case .leaveOneOut: .leaveOneOut
    }
  }

  /// What a reader needs to compute the same figures.
  package var json: JSON {
    let layer = "output of the embeddings"
    switch self {
    case .integratedGradients(let steps):
      return [
        "name": .string(name.rawValue), "layer": .string(layer), "output": "logit", "steps": .int(steps),
        "rule": "gauss_legendre", "baseline": "padding in place of every token but special tokens, same positions",
      ]
    case .gradientXInput: return ["name": .string(name.rawValue), "layer": .string(layer), "output": "logit"]
    case .attentionRollout:
      return [
        "name": .string(name.rawValue), "layer": "all", "output": "none: the same for every label",
        "attention": "mean over heads, half identity",
      ]
    case .leaveOneOut:
      return ["name": .string(name.rawValue), "output": "logit", "removal": "mask token in place of the word's tokens"]
    }
  }
}
