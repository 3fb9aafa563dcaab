/// The part of `tune compare` that tests two runs' predictions on the same test data.
import Files
import Reporting
import Tasks

struct Significance {
  private let metrics: [Metric]
  private let pair: PairedSplit?
  private let results: [String: PairedTest.Result]
  private let test: PairedTest
  /// Why there is no test; nil: there is one.
  private let refusal: String?

  /// - Returns: nil if a run has no saved predictions on test data.
  init?(_ a: String, _ b: String, _ options: BootstrapOptions) throws {
    guard let first = try SavedPredictions(run: a, .test), let second = try SavedPredictions(run: b, .test) else {
      return nil
    }
    test = PairedTest(resamples: options.resamples, seed: options.seed)
    metrics = first.metrics.filter(\.isHeadline)
    do {
      let pair = try first.paired(with: second)
      (self.pair, results, refusal) = (pair, test.results(of: pair), nil)
    } catch let fault as PairingFault {
      (pair, results, refusal) = (nil, [:], fault.why)
    }
  }

  private var unit: String { pair?.isByDocument == true ? "document" : "record" }

  private var rule: String {
    """
    p, two-sided, \(test.resamples) resamples, seed \(test.seed), (k + 1) / (n + 1). Bootstrap: \(unit)s drawn with \
    replacement; k differences are at least as far from their mean as the observed one from 0. Randomization: the runs' \
    predictions swapped by \(unit) with probability 1/2; k differences are at least as far from 0 as the observed one.
    """
  }

  var json: JSON {
    if let refusal { return ["refused": .string(refusal)] }
    return [
      "metrics": .object(results.mapValues(\.json)), "unit": .string(unit), "units": .int(pair?.units ?? 0),
      "resamples": .int(test.resamples), "seed": .int(Int(truncatingIfNeeded: test.seed)), "rule": .string(rule),
    ]
  }

  func emit() throws {
    if let refusal { return note("not tested: \(refusal)") }
    let rows = metrics.compactMap { metric in
      results[metric.name].map { result in
        [
          "test.\(metric.name)", fixed(result.difference, 4),
          "[\(fixed(result.interval.lowerBound, 4)), \(fixed(result.interval.upperBound, 4))]",
          fixed(result.bootstrapP, 4), fixed(result.randomizationP, 4),
        ]
      }
    }
    if rows.isEmpty { return }
    let head = ["", "second - first", "95 % interval", "p (bootstrap)", "p (randomization)"]
    try tune.emit("")
    for line in textTable(head, rows) { try tune.emit(line) }
    note(rule)
  }
}
