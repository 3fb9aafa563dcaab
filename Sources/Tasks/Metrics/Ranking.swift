/// Metrics of a score that ranks positive examples above negative ones, as scikit-learn 1.9 computes them.

/// Examples by decreasing score; examples with equal scores are one group.
struct Ranking: Sendable {
  /// Indices of examples, and for each whether it is positive and whether it is the last of its group.
  private let order: [(example: Int, isPositive: Bool, endsGroup: Bool)]

  init(_ examples: [(score: Double, isPositive: Bool)]) {
    let sorted = examples.indices.sorted { examples[$0].score > examples[$1].score }
    order = sorted.enumerated().map { place, example in
      let next = place + 1 < sorted.count ? examples[sorted[place + 1]].score : nil
      return (example, examples[example].isPositive, next != examples[example].score)
    }
  }

  /// The metrics in which example i counts `weights[i]` times; nil: not defined.
  ///
  /// `roc_auc_score`: the probability that a positive example has a higher score than a negative one, equal scores counting
  /// half; nil if there are none of either. `average_precision_score`: Σ (Rₙ - Rₙ₋₁)·Pₙ over the distinct scores; nil if
  /// there is no positive example.
  func scores(weights: [Int]) -> (rocAUC: Double?, averagePrecision: Double?) {
    var positive = 0, negative = 0, last = (positive: 0, negative: 0), area = 0.0, sum = 0.0
    for (example, isPositive, endsGroup) in order {
      if isPositive { positive += weights[example] } else { negative += weights[example] }
      guard endsGroup, positive + negative > 0 else { continue }
      area += Double(negative - last.negative) * Double(positive + last.positive) / 2
      sum += Double(positive - last.positive) * Double(positive) / Double(positive + negative)
      last = (positive, negative)
    }
    return (
      positive > 0 && negative > 0 ? area / (Double(positive) * Double(negative)) : nil,
      positive > 0 ? sum / Double(positive) : nil
    )
  }
}

/// The means over several rankings of those that are defined; nil: none is.
func meanScores(_ rankings: [Ranking], weights: [Int]) -> (rocAUC: Double?, averagePrecision: Double?) {
  let scores = rankings.map { $0.scores(weights: weights) }
  func mean(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.reduce(0, +) / Double(values.count) }
  return (mean(scores.compactMap(\.rocAUC)), mean(scores.compactMap(\.averagePrecision)))
}
