/// Scores of sets of labels and of numbers compared with scikit-learn's and scipy's.
import Files
import TestSupport
import Testing

@testable import Tasks

private func numbers(_ json: JSON?) -> [Double]? { json?.array?.compactMap(\.number) }
private func rows(_ json: JSON?) -> [[Double]] { (json?.array ?? []).compactMap { numbers($0) } }

private func cases(_ name: String) throws -> [JSON] {
  try JSON(path: fixture("classification-score/\(name).json")).array ?? []
}

/// Whether both are equal to 1e-12, relative to values above 1. A score that the library does not define is 0.
private func agree(_ found: Double, _ golden: JSON?) -> Bool {
  let expected = golden?.number ?? 0
  return abs(found - expected) <= 1e-12 * max(1, abs(expected))
}

@Suite struct TextScoreTests {
  @Test func `scores of label sets are scikit-learn's`() throws {
    let cases = try cases("label-sets")
    #expect(cases.count == 300)
    for (index, golden) in cases.enumerated() {
      let gold = rows(golden["gold"]), scores = rows(golden["scores"])
      let labels = gold[0].indices.map { "label \($0)" }
      func set(_ row: [Double]) -> Set<String> { Set(zip(labels, row).filter { $0.1 >= 0.5 }.map(\.0)) }
      let score = MultiLabelScore(
        gold: gold.map(set), predicted: scores.map(set), probabilities: scores, labels: labels)
      for (name, found) in [
        ("micro", score.micro), ("macro", score.macro), ("weighted", score.weighted), ("samples", score.samples),
      ] {
        guard let expected = golden[name]?.array else { continue }
        for (found, expected) in zip([found.precision, found.recall, found.f1], expected) {
          #expect(agree(found, expected), "case \(index), \(name)")
        }
      }
      #expect(agree(score.accuracy, golden["accuracy"]), "case \(index)")
      #expect(agree(score.probability.rocAUC ?? 0, golden["roc_auc"]), "case \(index)")
      #expect(agree(score.probability.averagePrecision ?? 0, golden["average_precision"]), "case \(index)")
    }
  }

  @Test func `correlations and errors of numbers are scipy's and scikit-learn's`() throws {
    let cases = try cases("numbers")
    #expect(cases.count == 310)
    for (index, golden) in cases.enumerated() {
      let score = RegressionScore(
        gold: numbers(golden["gold"]) ?? [], predicted: numbers(golden["predicted"]) ?? [])
      #expect(agree(score.pearson, golden["pearson"]), "case \(index): \(score.pearson)")
      #expect(agree(score.spearman, golden["spearman"]), "case \(index): \(score.spearman)")
      #expect(agree(score.mse, golden["mse"]), "case \(index)")
      #expect(agree(score.mae, golden["mae"]), "case \(index)")
    }
  }

  @Test func `a gold label that the model does not have is missed, and counts in every average`() {
    let score = MultiLabelScore(
      gold: [["a", "x"], []], predicted: [["a"], []], probabilities: [[0.9], [0.1]], labels: ["a"])
    #expect(score.perLabel["x"] == TypeScore(precision: 0, recall: 0, f1: 0, support: 1))
    #expect(score.micro.recall == 0.5 && score.macro.f1 == 0.5 && score.accuracy == 0.5)
  }

  @Test func `thresholds are the highest with the best F1 on dev`() {
    let gold = [[true, false], [true, false], [false, true], [false, false]]
    let probabilities = [[0.4, 0.6], [0.3, 0.2], [0.2, 0.7], [0.1, 0.1]]
    func thresholds(_ choice: ThresholdChoice) -> [Double] {
      choice.thresholds(gold: gold, probabilities: probabilities, labels: 2)
    }
    #expect(thresholds(.fixed(0.3)) == [0.3, 0.3])
    #expect(thresholds(.devPerLabel) == [0.3, 0.7])
    // With one for both, {0.7, 0.6, 0.4, 0.3} hits all three and errs once.
    #expect(thresholds(.dev) == [0.3, 0.3])
    #expect(ThresholdChoice.devPerLabel.thresholds(gold: [[false]], probabilities: [[0.9]], labels: 1) == [0.5])
  }
}
