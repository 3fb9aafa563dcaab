/// Scores of answers against those of the official SQuAD scripts. `Tests/Fixtures/question-answering/make_scores.py`
import Files
import TestSupport
import Testing

@testable import Tasks

@Suite struct SQuADScoreTests {
  @Test func `exact match and F1 are those of the official scripts`() throws {
    let cases = try #require(JSON(path: fixture("question-answering/scores.json")).array)
    #expect(cases.count == 600)
    var all: [(gold: [String], predicted: String)] = [], sums = [0.0, 0.0]
    for item in cases {
      let item = try #require(item.array), gold = try #require(item[0].array).compactMap(\.string)
      let predicted = try #require(item[1].string)
      for (version, expected) in [(false, item[2].array), (true, item[3].array)] {
        guard let expected else { continue }
        let score = SQuADExamples([(gold, predicted)], version2: version).score
        #expect(abs(score.exactMatch - (expected[0].number ?? .nan)) < 1e-12, "\(item)")
        #expect(abs(score.f1 - (expected[1].number ?? .nan)) < 1e-12, "\(item)")
      }
      all.append((gold, predicted))
      for index in 0..<2 { sums[index] += try #require(item[3].array?[index].number) }
    }
    let score = SQuADExamples(all, version2: true).score
    #expect(abs(score.exactMatch - sums[0] / 600) < 1e-12 && abs(score.f1 - sums[1] / 600) < 1e-12)
    #expect(score.hasAnswer.support + score.noAnswer.support == 600)
    #expect(score.json["no_answer"]?["support"]?.int == all.count { $0.gold.isEmpty })
  }

  @Test func `without questions the scores are 0`() {
    #expect(SQuADExamples([], version2: false).score.values == ["f1": 0, "exact_match": 0])
  }
}
