/// The optimizer's settings: the algorithm with its hyperparameters, weight decay and clipping.
package struct OptimizerSettings: Sendable {
  package var algorithm: any OptimizerAlgorithm = AdamWSettings()
  /// Decoupled for every optimizer: each step multiplies matrices by 1 − learning rate · weight decay.
  package var weightDecay = 0.01
  /// The maximum global gradient norm; nil: no clipping.
  package var maxGradNorm: Double? = 1

  package init() {}
}

extension OptimizerSettings: Equatable {
  package static func == (a: Self, b: Self) -> Bool {
    a.algorithm.equals(b.algorithm) && a.weightDecay == b.weightDecay && a.maxGradNorm == b.maxGradNorm
  }
}

extension OptimizerAlgorithm {
  fileprivate func equals(_ other: any OptimizerAlgorithm) -> Bool { other as? Self == self }
}
