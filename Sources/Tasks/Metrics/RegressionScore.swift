/// Scores of predicted against gold numbers as scipy 1.17 and scikit-learn 1.9 compute them.
public import Files

/// Pearson's and Spearman's correlation, which are 0 where scipy's are not defined: if all numbers of a side are equal,
/// or with fewer than two.
public struct RegressionScore: Sendable, Equatable {
  public let pearson, spearman: Double
  /// The mean squared and the mean absolute error.
  public let mse, mae: Double
  /// The number of examples.
  public let support: Int

  public init(gold: [Double], predicted: [Double]) {
    precondition(gold.count == predicted.count, "one prediction per example")
    pearson = pearsonCorrelation(gold, predicted)
    spearman = pearsonCorrelation(ranks(gold), ranks(predicted))
    let errors = zip(gold, predicted).map { $1 - $0 }
    mse = mean(errors.map { $0 * $0 })
    mae = mean(errors.map(abs))
    support = gold.count
  }

  /// The members of `values`, and "support".
  public var json: JSON { .object(values.mapValues(JSON.double).merging(["support": .int(support)]) { $1 }) }
}

extension RegressionScore: MetricSource {
  public static let table: [ScoreMetric<RegressionScore>] = [
    ScoreMetric("pearson", isHeadline: true) { $0.pearson }, ScoreMetric("spearman", isHeadline: true) { $0.spearman },
    ScoreMetric("mse", higherIsBetter: false, isHeadline: true) { $0.mse },
    ScoreMetric("mae", higherIsBetter: false) { $0.mae },
  ]
}

func pearsonCorrelation(_ x: [Double], _ y: [Double]) -> Double {
  func centered(_ values: [Double]) -> [Double] {
    let mean = pairwiseSum(values[...]) / Double(max(values.count, 1))
    return values.map { $0 - mean }
  }
  func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
  if Set(x).count < 2 || Set(y).count < 2 { return 0 }
  let x = centered(x), y = centered(y)
  return min(1, max(-1, dot(x, y) / (dot(x, x).squareRoot() * dot(y, y).squareRoot())))
}

/// From 1; equal values have the mean of their ranks.
private func ranks(_ values: [Double]) -> [Double] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Double](repeating: 0, count: values.count), start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
    for position in start..<end { ranks[order[position]] = Double(start + 1 + end) / 2 }
    start = end
  }
  return ranks
}
