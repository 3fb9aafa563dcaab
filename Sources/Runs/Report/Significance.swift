/// Whether two runs' predictions on the same data differ significantly, as `tune compare` and the report of two runs show it.
package import Files
package import Tasks

package struct Significance {
  /// Why there is no test; nil: there is one.
  package let refusal: String?
  private let metrics: [Metric]
  private let pair: PairedSplit?
  private let results: [String: PairedTest.Result]
  private let test: PairedTest

  /// - Throws: the errors of predictions that are damaged; that they are of other data is a `refusal`.
  package init(_ first: SavedPredictions, _ second: SavedPredictions, _ test: PairedTest) throws {
    self.test = test
    metrics = first.metrics.filter(\.isHeadline)
    do {
      let pair = try first.paired(with: second)
      (self.pair, results, refusal) = (pair, test.results(of: pair), nil)
    } catch let fault as PairingFault {
      (pair, results, refusal) = (nil, [:], fault.why)
    }
  }

  private var unit: String { pair?.isByDocument == true ? "document" : "record" }

  /// How the test is made.
  package var rule: String {
    """
    p, two-sided, \(test.resamples) resamples, seed \(test.seed), (k + 1) / (n + 1). Bootstrap: \(unit)s drawn with \
    replacement; k differences are at least as far from their mean as the observed one from 0. Randomization: the runs' \
    predictions swapped by \(unit) with probability 1/2; k differences are at least as far from 0 as the observed one.
    """
  }

  /// The header of `rows`.
  package static let header = ["", "second - first", "95 % interval", "p (bootstrap)", "p (randomization)"]

  /// The headline metrics that are defined for both runs, as `test.f1` of the split `test`.
  package func rows(_ split: Split) -> [[String]] {
    metrics.compactMap { metric in
      results[metric.name].map { result in
        [
          "\(split.rawValue).\(metric.name)", fixed(result.difference, 4),
          "[\(fixed(result.interval.lowerBound, 4)), \(fixed(result.interval.upperBound, 4))]",
          fixed(result.bootstrapP, 4), fixed(result.randomizationP, 4),
        ]
      }
    }
  }

  package var json: JSON {
    if let refusal { return ["refused": .string(refusal)] }
    return [
      "metrics": .object(results.mapValues(\.json)), "unit": .string(unit), "units": .int(pair?.units ?? 0),
      "resamples": .int(test.resamples), "seed": .int(Int(truncatingIfNeeded: test.seed)), "rule": .string(rule),
    ]
  }
}
