/// Tests resampling: units, undefined metrics, and metrics of every kind with weights.
import Datasets
import Testing

@testable import Tasks

@Suite struct IntervalTests {
  private func counts<Examples: ScoredExamples>(_ examples: Examples, _ repeated: Examples) {
    // Example 0 twice, 1 once, 2 not at all, 3 three times.
    let weighted = examples.values(weights: [2, 1, 0, 3]), listed = repeated.values(weights: [1, 1, 1, 1, 1, 1])
    for (name, value) in listed {
      let found = weighted[name] ?? .nan
      #expect(value.isNaN && found.isNaN || abs(found - value) < 1e-12, "\(name): \(found), not \(value)")
    }
    #expect(Set(weighted.keys) == Set(listed.keys))
  }

  private func repeated<Value>(_ v: [Value]) -> [Value] { [v[0], v[0], v[1], v[3], v[3], v[3]] }

  @Test func `an example with weight n counts as n examples do, in every metric`() throws {
    let gold = ["a", "b", "c", "a"], predicted = ["a", "c", "b", "b"], labels = ["a", "b", "c"]
    let probabilities = [[0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [0.1, 0.6, 0.3], [0.3, 0.4, 0.3]]
    counts(
      try ClassificationExamples(gold: gold, predicted: predicted, probabilities: probabilities, labels: labels),
      try ClassificationExamples(
        gold: repeated(gold), predicted: repeated(predicted), probabilities: repeated(probabilities), labels: labels))
    counts(
      RelationExamples(gold: gold, predicted: predicted, negative: "c"),
      RelationExamples(gold: repeated(gold), predicted: repeated(predicted), negative: "c"))
    let sets = gold.map { Set([$0, "b"]) }, found = predicted.map { Set([$0]) }
    counts(
      MultiLabelExamples(gold: sets, predicted: found, probabilities: probabilities, labels: labels),
      MultiLabelExamples(
        gold: repeated(sets), predicted: repeated(found), probabilities: repeated(probabilities), labels: labels))
    let numbers = [1.5, 2, -3, 2.5], others = [1, 1, 2, 0.5]
    counts(
      RegressionExamples(gold: numbers, predicted: others),
      RegressionExamples(gold: repeated(numbers), predicted: repeated(others)))
    let tags = [["B-X", "I-X"], ["B-Y", "O"], ["O", "O"], ["B-X", "B-Y"]]
    let guesses = [["B-X", "O"], ["B-Y", "O"], ["B-X", "O"], ["B-X", "I-Y"]]
    func entities(_ gold: [[String]], _ predicted: [[String]]) throws -> EntityExamples {
      try EntityExamples(
        gold: gold, predicted: predicted,
        strict: (gold.map { strictEntities($0, .iob2) }, predicted.map { strictEntities($0, .iob2) }),
        probabilities: gold.map { $0.map { ($0 == "O" ? 0.9 : 0.6, $0 == "B-X") } })
    }
    counts(try entities(tags, guesses), try entities(repeated(tags), repeated(guesses)))
  }

  @Test func `documents are drawn as a whole where every example has one`() throws {
    let examples = try ClassificationExamples(
      gold: ["a", "a", "b", "b"], predicted: ["a", "a", "a", "a"], labels: ["a", "b"])
    let split = ScoredSplit(examples, documents: ["1", "2", "1", "2"])
    #expect(split.isByDocument && split.units == [[0, 2], [1, 3]])
    // Both documents have the same score, so that every resample has it.
    #expect(Bootstrap(seed: 1).intervals(of: split)["accuracy"] == 0.5...0.5)
    #expect(Bootstrap(seed: 1).intervals(of: ScoredSplit(examples, documents: ["1", "1", "1", "1"])) == [:])
    let single = ScoredSplit(examples, documents: ["1", "2", nil, "2"])
    #expect(!single.isByDocument && single.units.count == 4)
    let interval = try #require(Bootstrap(seed: 1).intervals(of: single)["accuracy"])
    #expect(interval.lowerBound < 0.5 && interval.upperBound > 0.5)
  }

  @Test func `a metric that no resample defines has no interval, and the score is 0`() throws {
    let examples = try ClassificationExamples(
      gold: ["a", "a"], predicted: ["a", "a"], probabilities: [[0.9, 0.1], [0.8, 0.2]], labels: ["a", "b"])
    let intervals = Bootstrap(resamples: 50, seed: 3).intervals(of: ScoredSplit(examples, documents: [nil, nil]))
    #expect(intervals["roc_auc"] == nil && intervals["ece"] != nil && examples.score.values["roc_auc"] == 0)
  }

  @Test func `the same seed gives the same intervals, another one others`() {
    let values = (0..<50).map { Double($0 * 7 % 50) }
    let split = ScoredSplit(
      RegressionExamples(gold: values, predicted: values.reversed()), documents: values.map { _ in nil })
    func interval(_ seed: UInt64) -> ClosedRange<Double>? { Bootstrap(seed: seed).intervals(of: split)["pearson"] }
    #expect(interval(5) == interval(5) && interval(5) != interval(6))
  }

  @Test func `equal predictions have p 1, and very different ones a small p`() throws {
    let gold = (0..<60).map { $0 % 2 == 0 ? "a" : "b" }, labels = ["a", "b"]
    func results(_ a: [String], _ b: [String]) throws -> PairedTest.Result {
      let first = try ClassificationExamples(gold: gold, predicted: a, labels: labels)
      let both = try ClassificationExamples(gold: gold + gold, predicted: a + b, labels: labels)
      let pair = PairedSplit(both, first: ScoredSplit(first, documents: gold.map { _ in nil }))
      return try #require(PairedTest(resamples: 200).results(of: pair)["accuracy"])
    }
    let same = try results(gold, gold)
    #expect(same.difference == 0 && same.bootstrapP == 1 && same.randomizationP == 1)
    let worse = try results(gold, gold.map { _ in "a" })
    #expect(worse.difference == -0.5 && worse.bootstrapP == 1.0 / 201 && worse.randomizationP == 1.0 / 201)
  }

  @Test func `quantiles are interpolated linearly`() {
    #expect(quantile(0.25, [1, 2, 4, 8]) == 1.75 && quantile(1, [1, 2]) == 2 && quantile(0.5, [3]) == 3)
  }
}
