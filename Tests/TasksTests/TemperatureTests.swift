/// Temperature scaling against a plain search, and what predictions make of it.
import Datasets
import Files
import Glibc
import Testing

@testable import Tasks

private func softmaxLoss(_ logits: [[Float]], _ gold: [Int], _ temperature: Double) -> Double {
  zip(logits, gold).reduce(0) { sum, pair in
    let scaled = pair.0.map { Double($0) / temperature }, log = log(scaled.reduce(0) { $0 + exp($1) })
    return sum + log - scaled[pair.1]
  }
}

@Suite struct TemperatureTests {
  private let logits: [[Float]] = [[4, 0, 1], [0, 5, 0], [3, 2, 0], [0, 1, 6], [2, 0, 3]]
  private let gold = [0, 1, 1, 2, 0]

  private func records(_ labels: [String]) -> [Record] { gold.map { Record(id: "", labels: [labels[$0]]) } }
  private var encoded: [EncodedRecord] { gold.map { _ in EncodedRecord([]) } }
  private var rows: [[Logits]] { logits.map { [Logits(classes: 3, values: $0)] } }

  @Test func `the temperature has the least negative log-likelihood`() throws {
    let labels = ["a", "b", "c"]
    let task = SequenceClassification(labels: labels, reading: TextReading(), temperature: .dev)
    #expect(task.isFittedOnDev && task.temperature == 1)
    let fitted = task.fitted(to: records(labels), encoded, rows)
    let found = try #require(fitted.temperature)
    let grid = (0..<200_000).map { 0.05 + Double($0) * 1e-4 }
    let best = try #require(grid.min { softmaxLoss(logits, gold, $0) < softmaxLoss(logits, gold, $1) })
    #expect(abs(found - best) < 2e-4, "\(found), not \(best)")
    guard case .label(let label, let scores) = fitted.predict(records(labels)[4], encoded[4], from: rows[4]) else {
      Issue.record("not a label")
      return
    }
    #expect(label == "c" && abs(scores[2].probability - softmax([2, 0, 3] as [Float], temperature: found)[2]) < 1e-12)
    let json = try JSON(encoding: fitted)
    #expect(json["temperature"] == .double(found))
    #expect(try json.decoded(as: SequenceClassification.self, file: "tune.json").temperature == found)
    #expect(try JSON(encoding: SequenceClassification(labels: labels))["temperature"] == nil)
  }

  @Test func `words and sets of labels have temperatures too, and thresholds are of calibrated probabilities`() throws {
    let tagger = try TokenClassification(labels: ["O", "B-X", "I-X"], splitWords: .whitespace, temperature: .dev)
    let tags = gold.map { ["O", "B-X", "I-X"][$0] }
    let sentence = Record(id: "", words: tags, tags: tags)
    let fitted = tagger.fitted(
      to: [sentence], [EncodedRecord([])], [[Logits(classes: 3, values: logits.flatMap { $0 })]])
    let labels = ["a", "b", "c"]
    let single = SequenceClassification(labels: labels, reading: TextReading(), temperature: .dev)
    #expect(fitted.temperature == single.fitted(to: records(labels), encoded, rows).temperature)

    let sets = MultiLabelClassification(
      labels: labels, reading: TextReading(), thresholdChoice: .devPerLabel, temperature: .dev)
    let calibrated = sets.fitted(to: records(labels), encoded, rows), temperature = try #require(calibrated.temperature)
    #expect(temperature > 1)
    #expect(calibrated.thresholds[2] == sigmoid(6 / temperature))
  }

  @Test func `without any gain the temperature stays 1, and all-right answers end at the lower bound`() {
    #expect(bestTemperature { abs(log($0)) } == 1)
    #expect(abs(bestTemperature { $0 } - 0.05) < 1e-5)
    #expect(abs(bestTemperature { ($0 - 3) * ($0 - 3) } - 3) < 1e-5)
  }

  @Test func `what is not certain enough is left out`() {
    let scores = [ScoredLabel("a", 0.6), ScoredLabel("b", 0.4)]
    let one = Prediction.label("a", probabilities: scores)
    #expect(one.members(minScore: 0.6) == one.members)
    #expect(one.members(minScore: 0.7)["labels"]?["label"] == .null)
    #expect(one.members(minScore: 0.7)["labels"]?["abstained"] == true)
    #expect(one.members(minScore: 0.7)["labels"]?["probabilities"]?["a"] == 0.6)
    let set = Prediction.labels(["a", "b"], probabilities: scores)
    #expect(set.members(minScore: 0.5)["labels"]?["labels"] == ["a"])
    let entities = [0.9, 0.3].map { Entity(label: "X", start: 0, end: 1, text: "x", probability: $0) }
    #expect(Prediction.entities(entities).members(minScore: 0.5) == Prediction.entities([entities[0]]).members)
    #expect(
      Prediction.tags([ScoredLabel("X", 0.3)], entities).members(minScore: 0.5)
        == Prediction.tags([ScoredLabel("X", 0.3)], [entities[0]]).members)
    #expect(Prediction.value(0.1).members(minScore: 0.5) == Prediction.value(0.1).members)
  }
}
