/// How far the labels of a split are distributed otherwise than those of the training data.
import Files

/// Labels: the total variation distance ½ Σ|p − q| of their shares p and q, the share of examples whose label would have
/// to change. Numbers: the largest difference of the two distribution functions (Kolmogorov–Smirnov).
///
/// `expected` is the mean of the statistic for two random samples of these sizes from one distribution: for labels
/// ½ Σ√(2/π · p(1 − p)(1/n + 1/m)) with the pooled shares p, for numbers √(π/2) ln 2 √(1/n + 1/m); both by the normal
/// approximation.
package struct Drift: Sendable, Equatable {
  /// "total_variation" or "kolmogorov_smirnov"
  package let statistic: String
  package let value, expected: Double

  /// Whether it is more than in random samples, and enough to matter.
  package var isLarge: Bool { value > 2 * expected && value >= 0.05 }

  /// nil: a side has no labels.
  init?(from train: SplitScan, to split: SplitScan) {
    if train.values.isEmpty { self.init(train.labels, split.labels) } else { self.init(train.values, split.values) }
  }

  init?(_ train: [String: Int], _ other: [String: Int]) {
    let n = Double(train.values.reduce(0, +)), m = Double(other.values.reduce(0, +))
    guard n > 0, m > 0 else { return nil }
    var value = 0.0, expected = 0.0
    for label in Set(train.keys).union(other.keys).sorted() {
      let a = Double(train[label] ?? 0), b = Double(other[label] ?? 0), pooled = (a + b) / (n + m)
      value += abs(a / n - b / m) / 2
      expected += (2 / Double.pi * pooled * (1 - pooled) * (1 / n + 1 / m)).squareRoot() / 2
    }
    (statistic, self.value, self.expected) = ("total_variation", value, expected)
  }

  init?(_ train: [Double], _ other: [Double]) {
    guard !train.isEmpty, !other.isEmpty else { return nil }
    let a = train.sorted(), b = other.sorted()
    let n = Double(a.count), m = Double(b.count)
    var i = 0, j = 0, value = 0.0
    while i < a.count, j < b.count {
      let next = min(a[i], b[j])
      while i < a.count, a[i] == next { i += 1 }
      while j < b.count, b[j] == next { j += 1 }
      value = max(value, abs(Double(i) / n - Double(j) / m))
    }
    // √(π/2) ln 2 is the mean of Kolmogorov's distribution.
    (statistic, self.value) = ("kolmogorov_smirnov", value)
    expected = 0.868_731_160_636_159_5 * (1 / n + 1 / m).squareRoot()
  }

  var json: JSON {
    ["statistic": .string(statistic), "value": .double(value), "expected": .double(expected)]
  }
}
