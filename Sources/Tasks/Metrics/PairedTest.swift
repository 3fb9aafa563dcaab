/// Whether two models differ significantly on the same examples.
package import Files
import Hashing

/// The predictions of two models on the same examples.
package struct PairedSplit: Sendable {
  /// The first model's examples, then the second's.
  private let examples: any ScoredExamples
  let first: ScoredSplit

  /// - Parameters:
  ///   - examples: those of `first`, and then as many of the second model.
  ///   - first: the first model's examples, and which are drawn or swapped together.
  init(_ examples: any ScoredExamples, first: ScoredSplit) {
    precondition(examples.count == 2 * first.examples.count, "two predictions per example")
    (self.examples, self.first) = (examples, first)
  }

  package var isByDocument: Bool { first.isByDocument }
  package var units: Int { first.units.count }

  /// The second model's metrics minus the first's, in which example i counts `weights[i]` times and has the other model's
  /// prediction where it is in `swapped`.
  func differences(_ weights: [Int], swapped: [Bool]? = nil) -> [String: Double] {
    let kept = swapped.map { zip(weights, $0).map { $1 ? 0 : $0 } } ?? weights
    let others = zip(weights, kept).map { $0 - $1 }
    let a = examples.values(weights: kept + others), b = examples.values(weights: others + kept)
    return a.merging(b) { $1 - $0 }
  }
}

/// Two tests of the null hypothesis that the models are equal, both two-sided:
/// - the paired bootstrap draws units with replacement, and counts the differences that are at least as far from their
///   mean as the observed one is from 0;
/// - approximate randomization (Noreen 1989) swaps the two models' predictions in each unit with probability ½, and counts
///   the differences that are at least as far from 0 as the observed one.
///
/// p = (count + 1) / (resamples + 1).
package struct PairedTest: Sendable {
  package let resamples: Int
  package let seed: UInt64

  package struct Result: Sendable, Equatable {
    /// The second model's value minus the first's, and its bootstrap interval.
    package let difference: Double
    package let interval: ClosedRange<Double>
    package let bootstrapP, randomizationP: Double
  }

  package init(resamples: Int = Bootstrap.defaultResamples, seed: UInt64 = 0) {
    (self.resamples, self.seed) = (resamples, seed)
  }

  /// By metric; one that is not defined for both models has none.
  package func results(of pair: PairedSplit) -> [String: Result] {
    let ones = [Int](repeating: 1, count: pair.first.examples.count)
    let drawn = UnitSampler(pair.first, seed: seed).prefix(resamples).map { pair.differences($0) }
    var random = SplitMix64(seed: seed)
    let swapped = (0..<resamples).map { _ in
      var isSwapped = [Bool](repeating: false, count: ones.count)
      for unit in pair.first.units where random.next() >> 63 == 1 {
        for example in unit { isSwapped[example] = true }
      }
      return pair.differences(ones, swapped: isSwapped)
    }
    return pair.differences(ones).filter { !$0.value.isNaN }.compactMapValues { $0 }.reduce(into: [:]) {
      results, metric in
      let (name, difference) = metric
      results[name] = result(
        difference, units: pair.units, drawn: drawn.compactMap { $0[name] }.filter { !$0.isNaN },
        swapped: swapped.compactMap { $0[name] }.filter { !$0.isNaN })
    }
  }

  private func result(_ difference: Double, units: Int, drawn: [Double], swapped: [Double]) -> Result? {
    if drawn.isEmpty || swapped.isEmpty { return nil }
    let mean = drawn.reduce(0, +) / Double(drawn.count)
    /// Differences that are equal but for rounding count.
    func share(_ values: [Double], from center: Double) -> Double {
      let far = values.count { abs($0 - center) >= abs(difference) - 1e-12 }
      return Double(far + 1) / Double(values.count + 1)
    }
    return Result(
      difference: difference, interval: Bootstrap.interval(drawn, units: units),
      bootstrapP: share(drawn, from: mean), randomizationP: share(swapped, from: 0))
  }
}

extension PairedTest.Result {
  package var json: JSON {
    [
      "difference": .double(difference), "interval": [.double(interval.lowerBound), .double(interval.upperBound)],
      "p_bootstrap": .double(bootstrapP), "p_randomization": .double(randomizationP),
    ]
  }
}
