/// Means over seeds with intervals, and their differences.
import Files
import Hashing
import Testing

@testable import Tasks

/// Examples with a value each, whose metric is the mean.
private struct Values: ScoredExamples {
  struct Mean: MetricSource {
    let value: Double
    static var table: [ScoreMetric<Mean>] { [ScoreMetric("mean") { $0.value }] }
    var json: JSON { [:] }
  }
  let values: [Double]
  var count: Int { values.count }
  func score(weights: [Int]) -> Mean {
    let sum = zip(values, weights).reduce(0) { $0 + $1.0 * Double($1.1) }
    return Mean(value: sum / Double(weights.reduce(0, +)))
  }
}

private func split(_ values: [Double]) -> ScoredSplit {
  ScoredSplit(Values(values: values), documents: values.map { _ in nil })
}

private func numbers(_ count: Int, _ seed: UInt64, around center: Double = 0) -> [Double] {
  var random = SplitMix64(seed: seed)
  return (0..<count).map { _ in center + Double(random.next() >> 11) / Double(1 << 53) - 0.5 }
}

private func scores(
  _ runs: [[Double]], testResamples: Int? = nil, runSeed: UInt64 = 0
) throws -> ResampledScores {
  try #require(
    ResampledScores(
      runs.map(split), metric: "mean", Bootstrap(seed: 3), testResamples: testResamples, runSeed: runSeed))
}

@Test func `the interval of a mean is about the standard error of examples and seeds`() throws {
  let one = try scores([numbers(400, 1)])
  let expected = 2 * 1.96 * (1.0 / 12).squareRoot() / 20
  #expect(abs((one.interval.upperBound - one.interval.lowerBound) / expected - 1) < 0.15)
  #expect(one.interval.contains(one.mean))
  // Seeds that differ by far more than the examples make it wider.
  let spread = try scores([numbers(400, 1, around: -1), numbers(400, 1), numbers(400, 1, around: 1)])
  #expect(spread.interval.lowerBound < -0.5 && spread.interval.upperBound > 0.5 && abs(spread.mean - one.mean) < 1e-12)
}

@Test func `equal runs do not differ, and a shift of all examples is significant`() throws {
  let values = numbers(200, 5), a = try scores([values]), same = try scores([values], runSeed: 1)
  #expect(a.difference(to: same).p == 1 && a.difference(to: same).difference == 0)
  let shifted = a.difference(to: try scores([values.map { $0 + 0.01 }]))
  #expect(abs(shifted.difference - 0.01) < 1e-12 && shifted.p == 1 / 1001)
  #expect(abs(shifted.interval.lowerBound - 0.01) < 1e-9)
  let noise = a.difference(to: try scores([numbers(200, 6)]))
  #expect(noise.p > 0.01 && noise.interval.lowerBound < noise.difference)
}

@Test func `more resamples make smaller p-values, and the same intervals`() throws {
  let values = numbers(200, 5), a = try scores([values]), b = try scores([values.map { $0 + 0.01 }])
  let many = try scores([values], testResamples: 5000)
  let difference = many.difference(to: try scores([values.map { $0 + 0.01 }], testResamples: 5000))
  #expect(many.interval == a.interval && difference.interval == a.difference(to: b).interval)
  #expect(difference.p == 1.0 / 5001)
}

@Test func `without two units, or where the metric is not defined, there is nothing`() {
  let bootstrap = Bootstrap(seed: 0)
  #expect(ResampledScores([split([1])], metric: "mean", bootstrap, runSeed: 0) == nil)
  #expect(ResampledScores([split([1, 2])], metric: "other", bootstrap, runSeed: 0) == nil)
}

/// R 4.4: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.2), "holm")
@Test func `Holm's method`() {
  let adjusted = holm([0.01, 0.04, 0.03, 0.005, 0.2])
  for (found, expected) in zip(adjusted, [0.04, 0.09, 0.09, 0.025, 0.2]) { #expect(abs(found - expected) < 1e-12) }
  #expect(holm([0.6, 0.7]) == [1, 1] && holm([]).isEmpty)
}
