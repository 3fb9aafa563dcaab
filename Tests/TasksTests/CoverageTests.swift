/// How often intervals hold the true score: simulated test data of a model whose F1 or accuracy is known.
import Foundation
import Hashing
import Testing

@testable import Tasks

/// Documents of one to five entities. A document's recall is between 0.7 and 1, so that its entities are alike; up to four
/// entities are spurious.
private func entities(_ documents: Int, _ random: inout SplitMix64) throws -> ScoredSplit {
  var gold = [[String]](repeating: [], count: documents), predicted = gold
  for document in 0..<documents {
    let recall = Double.random(in: 0.7...1, using: &random)
    let found = (0..<Int.random(in: 1...5, using: &random)).map { _ in
      Double.random(in: 0..<1, using: &random) < recall
    }
    let spurious = (0..<4).map { _ in Int.random(in: 0..<4, using: &random) == 0 }
    for isFound in found {
      gold[document] += ["B-X", "O"]
      predicted[document] += [isFound ? "B-X" : "O", "O"]
    }
    for isThere in spurious {
      gold[document] += ["O", "O"]
      predicted[document] += [isThere ? "B-X" : "O", "O"]
    }
  }
  let examples = try EntityExamples(
    gold: gold, predicted: predicted, strict: (gold.map { _ in [] }, gold.map { _ in [] }))
  return ScoredSplit(examples, documents: (0..<documents).map { "\($0)" })
}

/// 2 · right / (gold + predicted), of means by document: three entities, of which 0.85 are found, and one spurious one.
private let trueF1: Double = 2 * 2.55 / (3 + 2.55 + 1)

private let trueAccuracy = 0.85

private func labels(_ records: Int, _ random: inout SplitMix64) throws -> ScoredSplit {
  let right = (0..<records).map { _ in Double.random(in: 0..<1, using: &random) < trueAccuracy }
  let examples = try ClassificationExamples(
    gold: right.map { _ in "a" }, predicted: right.map { $0 ? "a" : "b" }, labels: ["a", "b"])
  return ScoredSplit(examples, documents: right.map { _ in nil })
}

/// The share of simulated data whose interval holds the true score.
private func coverage(_ metric: String, units: Int, corpora: Int, resamples: Int) throws -> Double {
  var random = SplitMix64(seed: UInt64(units)), held = 0
  for seed in 0..<corpora {
    let split = try metric == "f1" ? entities(units, &random) : labels(units, &random)
    let interval = Bootstrap(resamples: resamples, seed: UInt64(seed)).intervals(of: split)[metric]
    if try #require(interval).contains(metric == "f1" ? trueF1 : trueAccuracy) { held += 1 }
  }
  return Double(held) / Double(corpora)
}

@Suite struct CoverageTests {
  /// `TUNE_COVERAGE=2000 swift test -c release --filter CoverageTests` prints the coverage at other sizes.
  @Test(arguments: [("f1", 60), ("accuracy", 60)])
  func `intervals of 95 % hold the true score in 93 to 97 % of simulated data`(_ metric: String, _ units: Int) throws {
    let corpora = ProcessInfo.processInfo.environment["TUNE_COVERAGE"].flatMap { Int($0) }
    if let corpora {
      for units in [10, 20, 50, 100, 200, 500] {
        print(metric, units, try coverage(metric, units: units, corpora: corpora, resamples: 1000))
      }
    }
    let share = try coverage(metric, units: units, corpora: 400, resamples: 200)
    #expect((0.93...0.97).contains(share), "\(metric) of \(units): \(share)")
  }

  /// scipy.stats.t.ppf(0.975, n) and norm.cdf of scipy 1.17.1.
  @Test func `Student's t and the normal distribution are scipy's`() {
    let expected = [
      1: 12.706204736174705, 2: 4.302652729749464, 3: 3.1824463052837078, 9: 2.262157162798205,
      10: 2.2281388519862744, 99: 1.9842169515864165, 1000: 1.9623390808264078, 20_000: 1.9600826051581348,
    ]
    for (degrees, value) in expected { #expect(abs(studentT95(degrees) - value) < 1e-8, "\(degrees)") }
    #expect(abs(normalProbability(below: -1.96) - 0.024997895148220435) < 1e-12 && normalProbability(below: 0) == 0.5)
  }
}
