/// Bootstrap intervals of metrics: how much a score would vary if other examples had been in the file.
package import Files
import Hashing

/// The percentile bootstrap (Efron 1979): units are drawn with replacement, as many as there are, and scored; the 95 % interval
/// lies between two quantiles of the scores. A unit is a document, or an example where examples have no documents.
///
/// The quantiles are expanded for few units (Hesterberg 2015, The American Statistician 69:371–386): between the 2.5 % and
/// the 97.5 % quantile of resamples of n units, intervals are too narrow by about √((n - 1) / n) · 1.96 / t(n - 1).
///
///     Bootstrap(seed: 7).intervals(of: split)["f1"]  // 0.897...0.931
package struct Bootstrap: Sendable {
  package static let defaultResamples = 1000
  package static let confidence = 0.95
  package var resamples: Int
  package var seed: UInt64

  package init(resamples: Int = defaultResamples, seed: UInt64) { (self.resamples, self.seed) = (resamples, seed) }

  /// The interval of each metric. Resamples in which a metric is not defined do not count for it; without any other the
  /// metric has no interval, and from a single unit nothing can be drawn.
  package func intervals(of split: ScoredSplit) -> [String: ClosedRange<Double>] {
    intervals(of: split) { split.examples.values(weights: $0) }
  }

  /// A score of a single label or entity type.
  package struct LabelMetric: Sendable, Hashable {
    package let label: String
    /// "precision", "recall" or "f1"
    package let metric: String

    package init(_ label: String, _ metric: String) { (self.label, self.metric) = (label, metric) }
  }

  /// The intervals of single labels or entity types. Resamples in which one is neither gold nor predicted do not count.
  package func labelIntervals(of split: ScoredSplit) -> [LabelMetric: ClosedRange<Double>] {
    intervals(of: split) { resample in
      var values: [LabelMetric: Double] = [:]
      for (label, score) in split.examples.byLabel(weights: resample) {
        values[LabelMetric(label, "precision")] = score.precision
        values[LabelMetric(label, "recall")] = score.recall
        values[LabelMetric(label, "f1")] = score.f1
      }
      return values
    }
  }

  /// The intervals of groups of examples, by metric. The units are those of the whole split.
  func intervals(of split: ScoredSplit, in groups: [[Int]]) -> [[String: ClosedRange<Double>]] {
    let intervals = intervals(of: split) { resample in
      var values: [GroupMetric: Double] = [:]
      for (group, examples) in groups.enumerated() {
        var weights = [Int](repeating: 0, count: resample.count)
        for example in examples { weights[example] = resample[example] }
        if weights.allSatisfy({ $0 == 0 }) { continue }
        for (metric, value) in split.examples.values(weights: weights) {
          values[GroupMetric(group: group, metric: metric)] = value
        }
      }
      return values
    }
    var byGroup = groups.map { _ in [String: ClosedRange<Double>]() }
    for (key, interval) in intervals { byGroup[key.group][key.metric] = interval }
    return byGroup
  }

  private struct GroupMetric: Hashable {
    let group: Int
    let metric: String
  }

  /// The intervals of what `score` computes of each resample.
  private func intervals<Name: Hashable>(
    of split: ScoredSplit, _ score: (_ weights: [Int]) -> [Name: Double]
  ) -> [Name: ClosedRange<Double>] {
    if split.units.count < 2 { return [:] }
    var values: [Name: [Double]] = [:]
    for resample in UnitSampler(split, seed: seed).prefix(resamples) {
      for (name, value) in score(resample) where !value.isNaN { values[name, default: []].append(value) }
    }
    return values.mapValues { Self.interval($0, units: split.units.count) }
  }

  /// The interval of a score from its values in resamples of `units` units.
  /// - Precondition: there is a value, and more than one unit.
  static func interval(_ values: [Double], units: Int) -> ClosedRange<Double> {
    let sorted = values.sorted(), n = Double(units)
    let tail = normalProbability(below: -(n / (n - 1)).squareRoot() * studentT95(units - 1))
    return quantile(tail, sorted)...quantile(1 - tail, sorted)
  }

  /// The intervals of a split in result.json.
  package func json(of split: ScoredSplit) -> JSON {
    var members = intervals(of: split).mapValues { JSON.array([.double($0.lowerBound), .double($0.upperBound)]) }
    members["unit"] = split.isByDocument ? "document" : "record"
    members["units"] = .int(split.units.count)
    return .object(members)
  }

  /// How the intervals are made, in result.json.
  package var json: JSON {
    [
      "method": "expanded percentile bootstrap", "confidence": .double(Self.confidence), "resamples": .int(resamples),
      "seed": .int(Int(truncatingIfNeeded: seed)),
    ]
  }
}

/// Resamples of units without end: how many times each example is drawn.
struct UnitSampler: Sequence, IteratorProtocol {
  private let split: ScoredSplit
  private var random: SplitMix64

  init(_ split: ScoredSplit, seed: UInt64) { (self.split, random) = (split, SplitMix64(seed: seed)) }

  mutating func next() -> [Int]? {
    let units = split.units
    var weights = [Int](repeating: 0, count: split.examples.count)
    for _ in units.indices {
      // The high bits of the product, which are uniform to 2^-64.
      let unit = Int(random.next().multipliedFullWidth(by: UInt64(units.count)).high)
      for example in units[unit] { weights[example] += 1 }
    }
    return weights
  }
}

/// The quantile of sorted values, interpolated linearly, as NumPy's by default.
func quantile(_ q: Double, _ sorted: [Double]) -> Double {
  let position = q * Double(sorted.count - 1), below = Int(position)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
}
