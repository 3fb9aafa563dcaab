/// Entity scores compared with seqeval's.
import Files
import FoundationEssentials
import Testing

@testable import Tasks

/// Made by Tests/Fixtures/tasks/make_goldens.py with seqeval 1.2.2.
private func goldens() throws -> [JSON] {
  let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return try JSON(path: tests.appending(path: "Fixtures/tasks/entity_scores.json").path).array ?? []
}

private func tags(_ text: JSON?) -> [[String]] {
  (text?.string ?? "").split(separator: "|").map { $0.split(separator: " ").map(String.init) }
}

private func row(_ score: TypeScore) -> [Double] {
  [score.precision, score.recall, score.f1, Double(score.support)]
}

@Test func `scores are bit-identical to seqeval's`() throws {
  let cases = try goldens()
  #expect(cases.count == 500)
  for golden in cases {
    let score = try EntityScore(gold: tags(golden["gold"]), predicted: tags(golden["predicted"]))
    var rows = score.perType.mapValues(row)
    rows["micro avg"] = [score.precision, score.recall, score.f1, Double(score.support)]
    rows["macro avg"] = row(score.macro)
    rows["weighted avg"] = row(score.weighted)
    let expected = golden["report"]?.object?.mapValues { ($0.array ?? []).compactMap(\.number) }
    #expect(rows == expected, "gold \(golden["gold"]?.string ?? "")")
  }
}

@Test func `without entities on both sides, all scores are 0`() throws {
  let score = try EntityScore(gold: [["O", "O"], []], predicted: [["O", "O"], []])
  #expect(score.f1 == 0 && score.macro.f1 == 0 && score.weighted.f1 == 0 && score.support == 0 && score.perType.isEmpty)
}

@Test func `an empty tag is not an entity`() throws {
  #expect(try EntityScore(gold: [["", "B-A"]], predicted: [["O", "B-A"]]).f1 == 1)
}

@Test func `different numbers of sentences or words are rejected`() {
  #expect(throws: EntityScoreFault.sentences(gold: 1, predicted: 0)) { try EntityScore(gold: [["O"]], predicted: []) }
  #expect(throws: EntityScoreFault.words(sentence: 1, gold: 1, predicted: 2)) {
    try EntityScore(gold: [["O"], ["O"]], predicted: [["O"], ["O", "O"]])
  }
}
