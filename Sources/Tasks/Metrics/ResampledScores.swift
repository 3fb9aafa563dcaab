/// How much the mean score of several seeds would vary with other examples in the file and other seeds, and whether two
/// such means differ significantly.
package import Files
import Hashing

/// The mean of a metric over the runs of one configuration, and the same of resamples: as many units (documents, or examples)
/// as there are, and as many of the runs, both drawn with replacement.
///
/// Units are drawn alike for all configurations that are scored on the same examples with the same seed, so that two of
/// them are compared in pairs.
package struct ResampledScores: Sendable {
  package let mean: Double
  /// NaN where a resample has no value.
  private let resamples: [Double]
  /// The first ones, as many as the bootstrap has: of these are intervals made, so that `testResamples` does not change them.
  private let intervalCount: Int
  private let units: Int

  /// - Parameters:
  ///   - runs: the same examples, predicted by each run; at least one.
  ///   - testResamples: from which `Difference.p` is counted; nil: those of the bootstrap.
  ///   - runSeed: draws the runs; another one for each configuration.
  /// - Returns: nil if the metric is not defined for every run, or there is a single unit.
  package init?(
    _ runs: [ScoredSplit], metric: String, _ bootstrap: Bootstrap, testResamples: Int? = nil, runSeed: UInt64
  ) {
    guard let first = runs.first, first.units.count > 1 else { return nil }
    precondition(runs.allSatisfy { $0.examples.count == first.examples.count }, "the runs have other examples")
    func mean(_ runs: [ScoredSplit], _ weights: [Int]) -> Double {
      runs.reduce(0) { $0 + ($1.examples.values(weights: weights)[metric] ?? .nan) } / Double(runs.count)
    }
    (units, intervalCount) = (first.units.count, bootstrap.resamples)
    self.mean = mean(runs, [Int](repeating: 1, count: first.examples.count))
    if self.mean.isNaN { return nil }
    var random = SplitMix64(seed: runSeed)
    resamples = UnitSampler(first, seed: bootstrap.seed).prefix(max(intervalCount, testResamples ?? 0)).map { weights in
      let drawn = runs.map { _ in runs[Int(random.next().multipliedFullWidth(by: UInt64(runs.count)).high)] }
      return mean(drawn, weights)
    }
  }

  /// The 95 % interval, as of `Bootstrap`.
  package var interval: ClosedRange<Double> { interval(of: resamples) ?? mean...mean }

  private func interval(of values: [Double]) -> ClosedRange<Double>? {
    let values = values.prefix(intervalCount).filter { !$0.isNaN }
    return values.isEmpty ? nil : Bootstrap.interval(values, units: units)
  }

  /// Whether the same units were drawn for both.
  package func isPaired(with other: ResampledScores) -> Bool {
    units == other.units && resamples.count == other.resamples.count
  }

  /// A comparison of two means.
  package struct Difference: Sendable, Equatable {
    /// The other mean minus this one, with its 95 % interval.
    package let difference: Double
    package let interval: ClosedRange<Double>
    /// Two-sided: the share of resampled differences that are at least as far from their mean as `difference` is from 0,
    /// (count + 1) / (resamples + 1).
    package let p: Double

    package var json: JSON {
      [
        "difference": .double(difference), "interval": [.double(interval.lowerBound), .double(interval.upperBound)],
        "p": .double(p),
      ]
    }
  }

  /// - Parameter other: of the same examples, resamples and seed.
  package func difference(to other: ResampledScores) -> Difference {
    precondition(resamples.count == other.resamples.count, "other resamples")
    let all = zip(resamples, other.resamples).map { $1 - $0 }, values = all.filter { !$0.isNaN }
    let difference = other.mean - mean, center = values.reduce(0, +) / Double(max(1, values.count))
    let far = values.count { abs($0 - center) >= abs(difference) - 1e-12 }
    return Difference(
      difference: difference, interval: interval(of: all) ?? difference...difference,
      p: Double(far + 1) / Double(values.count + 1))
  }
}

/// The p-values times the number of hypotheses that are left when they are rejected in order (Holm 1979), at most 1 and not
/// below an earlier one.
package func holm(_ p: [Double]) -> [Double] {
  var adjusted = p, floor = 0.0
  for (rank, index) in p.indices.sorted(by: { (p[$0], $0) < (p[$1], $1) }).enumerated() {
    floor = max(floor, min(1, p[index] * Double(p.count - rank)))
    adjusted[index] = floor
  }
  return adjusted
}
