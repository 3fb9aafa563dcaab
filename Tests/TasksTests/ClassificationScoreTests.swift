/// Scores of classification compared with scikit-learn's.
import Files
import TestSupport
import Testing

@testable import Tasks

private func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).compactMap(\.number) }

private func row(_ score: TypeScore) -> [Double] { [score.precision, score.recall, score.f1] }

/// Gold and predicted classes from `[gold, predicted, number of examples]`.
private func classes(_ counts: JSON?) -> (gold: [String], predicted: [String]) {
  var gold: [String] = [], predicted: [String] = []
  for entry in (counts?.array ?? []).compactMap(\.array) {
    gold += Array(repeating: entry[0].string ?? "", count: entry[2].int ?? 0)
    predicted += Array(repeating: entry[1].string ?? "", count: entry[2].int ?? 0)
  }
  return (gold, predicted)
}

@Suite struct ClassificationScoreTests {
  @Test func `scores are bit-identical to scikit-learn's`() throws {
    let cases = try JSON(path: fixture("classification-score/golden.json")).array ?? []
    #expect(cases.count == 360)
    for golden in cases {
      let (gold, predicted) = classes(golden["counts"])
      let score = try ClassificationScore(gold: gold, predicted: predicted, labels: Array(Set(predicted)))
      let counts = "\(golden["counts"]?.text(pretty: false) ?? "")"
      #expect(score.accuracy == golden["accuracy"]?.number, "\(counts)")
      #expect(score.mcc == golden["mcc"]?.number, "\(counts)")
      #expect(row(score.micro) == numbers(golden["micro"]), "\(counts)")
      #expect(row(score.macro) == numbers(golden["macro"]), "\(counts)")
      #expect(row(score.weighted) == numbers(golden["weighted"]), "\(counts)")
      let perClass = score.perClass.mapValues { row($0) + [Double($0.support)] }
      #expect(perClass == golden["per_class"]?.object?.mapValues(numbers), "\(counts)")
      #expect(score.support == gold.count && score.values["f1_micro"] == score.accuracy)
    }
  }

  @Test func `a gold label that the model does not have is an error, and a class of its own`() throws {
    let score = try ClassificationScore(gold: ["x", "a", "b"], predicted: ["a", "a", "b"], labels: ["a", "b"])
    #expect(score.accuracy == 2.0 / 3)
    #expect(score.perClass["x"] == TypeScore(precision: 0, recall: 0, f1: 0, support: 1))
    #expect(score.macro.recall == 2.0 / 3)
  }

  @Test func `a label that does not occur is not in the macro average`() throws {
    let score = try ClassificationScore(gold: ["a", "b"], predicted: ["a", "b"], labels: ["a", "b", "c"])
    #expect(score.perClass.keys.sorted() == ["a", "b"])
    #expect(score.macro.f1 == 1 && score.mcc == 1)
  }

  @Test func `without examples, all scores are 0`() throws {
    let score = try ClassificationScore(gold: [], predicted: [String](), labels: ["a"])
    #expect(score.values.values.allSatisfy { $0 == 0 } && score.support == 0 && score.perClass.isEmpty)
  }

  @Test func `predictions may be indices`() throws {
    let labels = ["b", "a"], gold = ["a", "b", "x"]
    let score = try ClassificationScore(gold: gold, predicted: [1, 1, 0], labels: labels)
    #expect(score == (try ClassificationScore(gold: gold, predicted: ["a", "a", "b"], labels: labels)))
  }

  @Test func `different numbers of examples and unknown predictions are rejected`() {
    #expect(throws: ClassificationScoreFault.examples(gold: 1, predicted: 0)) {
      try ClassificationScore(gold: ["a"], predicted: [String](), labels: ["a"])
    }
    #expect(throws: ClassificationScoreFault.label("c", example: 1, labels: ["a", "b"])) {
      try ClassificationScore(gold: ["a", "a"], predicted: ["a", "c"], labels: ["a", "b"])
    }
  }

  @Test func `the JSON has all averages and the classes`() throws {
    let json = try ClassificationScore(gold: ["a", "b"], predicted: ["a", "a"], labels: ["a", "b"]).json
    let averages = ["micro", "macro", "weighted"].flatMap { average in
      ["precision_", "recall_", "f1_"].map { $0 + average }
    }
    #expect(json.object.map { Set($0.keys) } == Set(averages + ["accuracy", "mcc", "per_class", "support"]))
    #expect(json["accuracy"] == .double(0.5) && json["f1_micro"] == .double(0.5) && json["support"] == .int(2))
    #expect(json["precision_macro"] == .double(0.25) && json["per_class"]?["a"]?["recall"] == .double(1))
  }
}
