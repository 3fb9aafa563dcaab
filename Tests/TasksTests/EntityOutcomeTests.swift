import Datasets
import Testing

@testable import Tasks

private func kinds(_ gold: [Span], _ predicted: [Span]) -> [EntityOutcome.Kind] {
  entityOutcomes(gold: gold, predicted: predicted).map(\.kind)
}

@Test func `entities are correct, of another type, of other boundaries, missed, or spurious`() {
  let gold = [Span("A", 0, 2), Span("A", 4, 6), Span("B", 8, 10), Span("A", 12, 14), Span("A", 20, 21)]
  let predicted = [Span("A", 0, 2), Span("B", 4, 6), Span("B", 9, 10), Span("B", 13, 16), Span("A", 30, 31)]
  #expect(kinds(gold, predicted) == [.correct, .type, .boundary, .typeAndBoundary, .missed, .spurious])
}

@Test func `an entity is matched once, with the nearest kind`() {
  // Two predictions in one gold entity: that of its type belongs to it.
  let outcomes = entityOutcomes(gold: [Span("A", 0, 5)], predicted: [Span("B", 0, 2), Span("A", 3, 5)])
  #expect(outcomes.map(\.kind) == [.boundary, .spurious] || outcomes.map(\.kind) == [.spurious, .boundary])
  #expect(outcomes.first { $0.kind == .boundary }?.predicted == Span("A", 3, 5))
  // An equal one before one that only overlaps.
  #expect(kinds([Span("A", 0, 2), Span("A", 2, 4)], [Span("A", 1, 4), Span("A", 2, 4)]) == [.boundary, .correct])
  #expect(kinds([], []) == [])
}

@Test func `confusion counts pairs, with missed and spurious ones`() {
  let pairs: [(gold: String?, predicted: String?)] = [("b", "a"), ("a", "a"), ("a", nil), (nil, "c"), ("b", "a")]
  let confusion = Confusion(pairs, labels: ["b", "a", "unused"])
  #expect(confusion.rows == ["b", "a", "c", "spurious"])
  #expect(confusion.columns == ["b", "a", "c", "missed"])
  #expect(confusion.counts == [[0, 2, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]])
  #expect(Confusion([("a", "a")]).columns == ["a"])
}

/// torchmetrics 1.9's bins; by hand: (0.95, right), (0.95, wrong) | (0.5, right).
@Test func `calibration has the bins and the error of the metric`() throws {
  let calibration = try #require(Calibration([(0.95, true), (0.5, true), (0.95, false)]))
  #expect(calibration.bins.map(\.count) == [1, 2])
  #expect(calibration.bins.map(\.accuracy) == [1, 0.5])
  #expect(abs(calibration.error - (0.5 + 2 * 0.45) / 3) < 1e-12)
  #expect(Calibration([]) == nil)
  let gold = ["a", "b", "b", "a"], predicted = ["a", "a", "b", "b"]
  let probabilities = [[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.45, 0.55]]
  let score = try ClassificationExamples(
    gold: gold, predicted: predicted, probabilities: probabilities, labels: ["a", "b"]
  ).score
  let own = Calibration(zip(probabilities, zip(gold, predicted)).map { ($0.max() ?? 0, $1.0 == $1.1) })
  #expect(abs((own?.error ?? 9) - (score.probability?.calibrationError ?? -9)) < 1e-12)
}

@Test func `labels have intervals around their scores`() throws {
  let gold = (0..<60).map { $0 % 3 == 0 ? "a" : "b" }, predicted = (0..<60).map { $0 % 4 == 0 ? "a" : "b" }
  let examples = try ClassificationExamples(gold: gold, predicted: predicted, labels: ["a", "b"])
  let split = ScoredSplit(examples, documents: gold.map { _ in nil })
  let intervals = Bootstrap(resamples: 200, seed: 1).labelIntervals(of: split)
  #expect(intervals.count == 6)
  for (label, score) in split.byLabel {
    for (metric, value) in [("precision", score.precision), ("recall", score.recall), ("f1", score.f1)] {
      let interval = try #require(intervals[Bootstrap.LabelMetric(label, metric)])
      #expect(interval.contains(value) && interval.lowerBound < interval.upperBound, "\(label) \(metric)")
    }
  }
  #expect(split.values(of: [0, 1])["accuracy"] == 1)
}
