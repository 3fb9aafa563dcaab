/// Scores of predicted against gold numbers as scipy 1.17 and scikit-learn 1.9 compute them.
package import Files

/// Pearson's and Spearman's correlation, which are 0 where scipy's are not defined: if all numbers of a side are equal,
/// or with fewer than two.
package struct RegressionScore: Sendable, Equatable {
  package var pearson: Double { definedPearson ?? 0 }
  package var spearman: Double { definedSpearman ?? 0 }
  let definedPearson, definedSpearman: Double?
  /// The mean squared and the mean absolute error.
  package let mse, mae: Double
  /// The number of examples.
  package let support: Int

  package init(gold: [Double], predicted: [Double]) {
    self = RegressionExamples(gold: gold, predicted: predicted).score
  }

  init(pearson: Double?, spearman: Double?, mse: Double, mae: Double, support: Int) {
    (definedPearson, definedSpearman) = (pearson, spearman)
    (self.mse, self.mae, self.support) = (mse, mae, support)
  }

  /// The members of `values`, and "support".
  package var json: JSON { .object(values.mapValues(JSON.double).merging(["support": .int(support)]) { $1 }) }
}

extension RegressionScore: MetricSource {
  package static let table: [ScoreMetric<RegressionScore>] = [
    ScoreMetric("pearson", isHeadline: true) { $0.definedPearson },
    ScoreMetric("spearman", isHeadline: true) { $0.definedSpearman },
    ScoreMetric("mse", higherIsBetter: false, isHeadline: true) { $0.mse },
    ScoreMetric("mae", higherIsBetter: false) { $0.mae },
  ]
}

/// Gold and predicted numbers, and what their scores are computed from.
package struct RegressionExamples: ScoredExamples {
  private let gold, predicted: [Double]
  private let goldOrder, predictedOrder: [Int]

  package var count: Int { gold.count }

  package init(gold: [Double], predicted: [Double]) {
    precondition(gold.count == predicted.count, "one prediction per example")
    func order(_ values: [Double]) -> [Int] { values.indices.sorted { values[$0] < values[$1] } }
    (self.gold, self.predicted, goldOrder, predictedOrder) = (gold, predicted, order(gold), order(predicted))
  }

  package func score(weights: [Int]) -> RegressionScore {
    let errors = zip(gold, predicted).map { $1 - $0 }, support = weights.reduce(0, +)
    func mean(_ value: (Double) -> Double) -> Double {
      zip(errors, weights).reduce(0) { $0 + value($1.0) * Double($1.1) } / Double(max(support, 1))
    }
    return RegressionScore(
      pearson: correlation(gold, predicted, weights),
      spearman: correlation(
        ranks(gold, goldOrder, weights), ranks(predicted, predictedOrder, weights), weights),
      mse: mean { $0 * $0 }, mae: mean { abs($0) }, support: support)
  }
}

/// Pearson's correlation in which pair i counts `weights[i]` times; nil if the numbers of a side are equal, or there are none.
private func correlation(_ x: [Double], _ y: [Double], _ weights: [Int]) -> Double? {
  let drawn = weights.indices.filter { weights[$0] > 0 }
  guard let first = drawn.first, drawn.contains(where: { x[$0] != x[first] }),
    drawn.contains(where: { y[$0] != y[first] })
  else { return nil }
  let counts = drawn.map { Double(weights[$0]) }, total = counts.reduce(0, +)
  func centered(_ values: [Double]) -> [Double] {
    let mean = pairwiseSum(zip(drawn, counts).map { values[$0] * $1 }[...]) / total
    return drawn.map { values[$0] - mean }
  }
  func dot(_ x: [Double], _ y: [Double]) -> Double {
    counts.indices.reduce(0) { $0 + counts[$1] * x[$1] * y[$1] }
  }
  let u = centered(x), v = centered(y)
  return min(1, max(-1, dot(u, v) / (dot(u, u).squareRoot() * dot(v, v).squareRoot())))
}

/// From 1; equal values have the mean of their ranks. Value i counts `weights[i]` times; `order` sorts the values.
private func ranks(_ values: [Double], _ order: [Int], _ weights: [Int]) -> [Double] {
  var ranks = [Double](repeating: 0, count: values.count), start = 0, before = 0
  while start < order.count {
    var end = start, group = 0
    while end < order.count, values[order[end]] == values[order[start]] {
      group += weights[order[end]]
      end += 1
    }
    for position in start..<end { ranks[order[position]] = Double(before) + Double(group + 1) / 2 }
    (start, before) = (end, before + group)
  }
  return ranks
}
