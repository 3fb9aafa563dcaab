/// Scores of probabilities, entity scores by other rules, intervals and tests compared with Python's libraries.
import Files
import TestSupport
import Testing

@testable import Datasets
@testable import Tasks

private func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).compactMap(\.number) }
private func rows(_ json: JSON?) -> [[Double]] { (json?.array ?? []).map { numbers($0) } }
private func tags(_ text: JSON?) -> [[String]] {
  (text?.string ?? "").split(separator: "|").map { $0.split(separator: " ").map(String.init) }
}

/// Made by Tests/Fixtures/metrics/make_metrics.py, which names the libraries.
private func cases(_ name: String, _ count: Int) throws -> [JSON] {
  let cases = try JSON(path: fixture("metrics/\(name).json")).array ?? []
  #expect(cases.count == count)
  return cases
}

private func agree(_ found: Double?, _ expected: Double?) -> Bool {
  guard let found, let expected else { return found == nil && expected == nil }
  return abs(found - expected) <= 1e-12
}

private func agree(_ found: TypeScore?, _ expected: JSON?) -> Bool {
  let found = found.map { [$0.precision, $0.recall, $0.f1] } ?? [], expected = numbers(expected)
  return found.count == expected.count && zip(found, expected).allSatisfy { agree($0, $1) }
}

@Suite struct MetricGoldensTests {
  @Test func `probabilities of labels are scored as by scikit-learn and torchmetrics`() throws {
    for (index, golden) in try cases("probabilities", 300).enumerated() {
      let rows = rows(golden["rows"]), labels = rows[0].indices.map { "label \($0)" }
      let predicted = rows.map { row in
        labels[row.indices.max { row[$0] < row[$1] || row[$0] == row[$1] && $0 > $1 } ?? 0]
      }
      let score = try ClassificationExamples(
        gold: (golden["gold"]?.array ?? []).map { labels[$0.int ?? 0] }, predicted: predicted, probabilities: rows,
        labels: labels, positiveLabel: labels.count == 2 ? labels[1] : nil
      ).score
      #expect(agree(score.probability?.rocAUC, golden["roc_auc"]?.number), "case \(index)")
      #expect(agree(score.probability?.averagePrecision, golden["average_precision"]?.number), "case \(index)")
      #expect(agree(score.probability?.calibrationError, golden["ece"]?.number), "case \(index)")
      #expect(agree(score.probability?.brier, golden["brier"]?.number), "case \(index)")
      #expect(agree(score.positive, golden["positive"]), "case \(index)")
      #expect(score.values.keys.contains("f1_positive") == (labels.count == 2))
    }
  }

  @Test func `sets of labels are scored as HoC in BLUE, and their probabilities as by torchmetrics`() throws {
    for (index, golden) in try cases("label-sets", 300).enumerated() {
      let gold = rows(golden["gold"]), scores = rows(golden["scores"])
      let labels = gold[0].indices.map { "label \($0)" }
      func set(_ row: [Double]) -> Set<String> { Set(zip(labels, row).filter { $0.1 >= 0.5 }.map(\.0)) }
      let score = MultiLabelScore(
        gold: gold.map(set), predicted: scores.map(set), probabilities: scores, labels: labels)
      if let blue = golden["blue"]?.number { #expect(agree(score.f1OfSampleMeans, blue), "case \(index)") }
      #expect(agree(score.probability.calibrationError, golden["ece"]?.number), "case \(index)")
      #expect(agree(score.probability.brier, golden["brier"]?.number), "case \(index)")
    }
  }

  @Test func `entities are scored as by seqeval's strict mode and by nervaluate`() throws {
    let schemes: [String: TagScheme] = ["IOB1": .iob1, "IOB2": .iob2, "IOBES": .iobes, "BILOU": .bilou]
    for (index, golden) in try cases("entities", 400).enumerated() {
      let scheme = try #require(schemes[golden["scheme"]?.string ?? ""])
      let score = try EntityScore(gold: tags(golden["gold"]), predicted: tags(golden["predicted"]), scheme: scheme)
      #expect(agree(score.strict, golden["strict"]), "case \(index): \(golden)")
      guard scheme == .iob2 else { continue }
      for rule in RelaxedRule.allCases {
        #expect(agree(score.relaxed[rule], golden[rule.rawValue]), "case \(index), \(rule): \(golden)")
      }
      #expect(agree(score.wordMacroF1, golden["word_macro"]?.number ?? 0), "case \(index)")
    }
  }

  @Test func `intervals and p are those of resamples that NumPy and scikit-learn score`() throws {
    for (index, golden) in try cases("intervals", 300).enumerated() {
      func labels(_ key: String) -> [String] { (golden[key]?.string ?? "").map(String.init) }
      let gold = labels("gold"), a = labels("a"), b = labels("b"), all = Array(Set(gold + a + b))
      let seed = UInt64(golden["seed"]?.int ?? 0)
      let first = ScoredSplit(
        try ClassificationExamples(gold: gold, predicted: a, labels: all),
        documents: (golden["documents"]?.string ?? "").split(separator: " ").map(String.init))
      let intervals = Bootstrap(resamples: 100, seed: seed).intervals(of: first)
      if first.units.count == 1 {
        #expect(intervals.isEmpty)
        continue
      }
      let interval = try #require(intervals["f1_macro"])
      let expected = numbers(golden["interval"])
      #expect(agree(interval.lowerBound, expected[0]) && agree(interval.upperBound, expected[1]), "case \(index)")

      let both = try ClassificationExamples(gold: gold + gold, predicted: a + b, labels: all)
      let test = PairedTest(resamples: 100, seed: seed), pair = PairedSplit(both, first: first)
      let result = try #require(test.results(of: pair)["f1_macro"]), ends = numbers(golden["difference_interval"])
      #expect(agree(result.difference, golden["difference"]?.number), "case \(index)")
      #expect(agree(result.interval.lowerBound, ends[0]) && agree(result.interval.upperBound, ends[1]), "case \(index)")
      #expect(agree(result.bootstrapP, golden["p_bootstrap"]?.number), "case \(index)")
      #expect(agree(result.randomizationP, golden["p_randomization"]?.number), "case \(index)")
    }
  }
}
