/// The ways to combine adapters, by PEFT's names, and why adapters cannot be combined.

package enum CombinationType: String, CaseIterable, Sendable {
  /// On the matrices A and B by themselves; all adapters have the same rank.
  case linear, ties, dareLinear = "dare_linear", dareTies = "dare_ties", magnitudePrune = "magnitude_prune"
  /// The matrices one after the other: exact, and as large as all adapters together.
  case cat
  /// On the whole updates, which are then cut to `rank` by a singular value decomposition.
  case svd, tiesSVD = "ties_svd", dareLinearSVD = "dare_linear_svd", dareTiesSVD = "dare_ties_svd"
  case magnitudePruneSVD = "magnitude_prune_svd"

  /// Whether the numbers that are kept are chosen at random.
  package var isRandom: Bool { pruning == .random }
  /// Whether only a part of the numbers is kept.
  package var prunes: Bool { pruning != .none }
  package var isOnWholeUpdates: Bool { self == .svd || rawValue.hasSuffix("_svd") }

  enum Pruning { case none, magnitude, random }

  var pruning: Pruning {
    switch self {
    case .linear, .cat, .svd: .none
    case .ties, .magnitudePrune, .tiesSVD, .magnitudePruneSVD: .magnitude
    case .dareLinear, .dareTies, .dareLinearSVD, .dareTiesSVD: .random
    }
  }

  /// Whether each number has the mean of those with the elected sign.
  package var electsSigns: Bool {
    switch self {
    case .ties, .dareTies, .tiesSVD, .dareTiesSVD: true
    default: false
    }
  }
}

/// How a sign is elected for each number: by the sum of the numbers, or by how many have it.
package enum MajoritySignMethod: String, CaseIterable, Sendable { case total, frequency }

/// Adapters that cannot be combined.
package enum CombinationFault: Error, Equatable, CustomStringConvertible {
  case noWeightUpdate(method: String)
  /// The adapter also changes this weight.
  case otherWeights(String)
  case ranks([Int], CombinationType)
  case notLowRank(CombinationType)
  case factorization(String)
  /// The weights of a model are those of its base.
  case unchanged

  package var description: String {
    switch self {
    case .noWeightUpdate(let method):
      "\(method): this method does not change weights of the base model, so its adapters cannot be combined."
    case .otherWeights(let name):
      "the adapter also changes \(name), which a LoRA cannot take; expected an adapter of projections only."
    case .ranks(let ranks, let type):
      "the adapters have the ranks \(ranks.map(String.init).joined(separator: ", ")); \(type.rawValue) requires the same. "
        + "Use cat or svd."
    case .notLowRank(let type):
      "\(type.rawValue) requires adapters of LoRA. Use svd, or a type that ends with _svd."
    case .factorization(let why): why
    case .unchanged: "no matrix of the model differs from the base's; expected a model that was fine-tuned in full."
    }
  }
}
