/// Metrics of a score that ranks positive examples above negative ones, as scikit-learn 1.9 computes them.

/// Examples by decreasing score; examples with equal scores are one group.
struct Ranking {
  /// The positive and negative examples at or above each distinct score.
  private var above: [(positive: Int, negative: Int)] = []

  init(_ examples: [(score: Double, isPositive: Bool)]) {
    let sorted = examples.sorted { $0.score > $1.score }
    var counts = (positive: 0, negative: 0)
    for (index, example) in sorted.enumerated() {
      if example.isPositive { counts.positive += 1 } else { counts.negative += 1 }
      if index + 1 == sorted.count || sorted[index + 1].score != example.score { above.append(counts) }
    }
  }

  /// `roc_auc_score`: the probability that a positive example has a higher score than a negative one, equal scores
  /// counting half; nil if there are none of either.
  var rocAUC: Double? {
    guard let all = above.last, all.positive > 0, all.negative > 0 else { return nil }
    var area = 0.0, last = (positive: 0, negative: 0)
    for counts in above {
      area += Double(counts.negative - last.negative) * Double(counts.positive + last.positive) / 2
      last = counts
    }
    return area / (Double(all.positive) * Double(all.negative))
  }

  /// `average_precision_score`: Σ (Rₙ - Rₙ₋₁)·Pₙ over the distinct scores; nil if there is no positive example.
  var averagePrecision: Double? {
    guard let all = above.last, all.positive > 0 else { return nil }
    var sum = 0.0, last = 0
    for counts in above {
      sum += Double(counts.positive - last) * Double(counts.positive) / Double(counts.positive + counts.negative)
      last = counts.positive
    }
    return sum / Double(all.positive)
  }
}
