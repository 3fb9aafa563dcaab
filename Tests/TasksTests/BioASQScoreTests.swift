/// Scores of answers against the rules of BioASQ's evaluation program. `Tests/Fixtures/bioasq/make_scores.py`
import Datasets
import Files
import TestSupport
import Testing

@testable import Tasks

private func strings(_ json: JSON?) -> [[String]] {
  (json?.array ?? []).map { ($0.array ?? []).compactMap(\.string) }
}

private func numbers(_ json: JSON?) -> [Double] { (json?.array ?? []).compactMap(\.number) }

/// The metrics of each kind of question, in the order of the fixture.
private let names = ["strict_accuracy", "lenient_accuracy", "mrr", "list_precision", "list_recall", "list_f1"]

private func isNear(_ a: [Double], _ b: [Double]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }
}

@Suite struct BioASQScoreTests {
  private func question(_ json: JSON) throws -> (gold: ExactAnswer, given: [String]) {
    let kind = try #require(json.array?[0].string.flatMap(ExactAnswer.Kind.init))
    return (ExactAnswer(kind, strings(json.array?[1])), strings(json.array?[2]).map { $0[0] })
  }

  @Test func `factoid and list questions are scored as the official program does`() throws {
    let cases = try JSON(path: fixture("bioasq/scores.json")), rows = try #require(cases["questions"]?.array)
    let questions = try rows.map(question)
    #expect(questions.count == 609)
    for (row, question) in zip(rows, questions) {
      let values = BioASQExamples([question]).score.values
      let own = question.gold.kind == .factoid ? names.prefix(3) : names.suffix(3)
      #expect(isNear(own.compactMap { values[$0] }, numbers(row.array?[3])) && values.count == 3, "\(row)")
    }
    for file in cases["files"]?.array ?? [] {
      let chosen = numbers(file.array?[0]).map { questions[Int($0)] }
      let values = BioASQExamples(chosen).score.values
      #expect(isNear(names.map { values[$0] ?? 0 }, numbers(file.array?[1])), "\(file)")
    }
  }

  @Test func `yes and no are scored as the official program does`() throws {
    let cases = try #require(JSON(path: fixture("bioasq/scores.json"))["yes_no"]?.array)
    #expect(cases.count == 300)
    for row in cases {
      let labels = (0..<2).map { column -> [String] in
        let letters = row.array?[column].string ?? ""
        return letters.map { $0 == "y" ? "yes" : "no" }
      }
      let values = try ClassificationExamples(gold: labels[0], predicted: labels[1], labels: ["no", "yes"]).score.values
      let found = ["accuracy", "f1_yes_no", "f1_yes", "f1_no"].compactMap { values[$0] }
      #expect(isNear(found, numbers(row.array?[2])), "\(row)")
    }
    let other = try ClassificationExamples(gold: ["a"], predicted: ["b"], labels: ["a", "b"]).score
    #expect(other.values["f1_yes"] == nil)
  }

  @Test func `a question without known answers does not count, and saved rows have the same scores`() throws {
    let decoding = AnswerDecoding(), task = ExtractiveQA(decoding)
    func record(_ kind: ExactAnswer.Kind, _ answers: [[String]]?) -> Record {
      Record(id: "1", texts: ["q", "c"], exactAnswer: ExactAnswer(kind, answers))
    }
    func answers(_ texts: String...) -> Prediction {
      .answers(texts.map { MergedAnswer(text: $0, probability: 0.5, snippet: 0, start: 0, end: 1) })
    }
    let records = [record(.factoid, [["a"]]), record(.factoid, nil), record(.list, [["a"], ["b"]])]
    let predictions = [answers("b", "A"), answers("a"), answers("b", "c")]
    let examples = try task.examples(records, predictions)
    let values = examples.evaluation.values
    #expect(values["mrr"] == 0.5 && values["lenient_accuracy"] == 1 && values["list_precision"] == 0.5)
    #expect(examples.evaluation.json["factoid_questions"] == 1 && examples.evaluation.json["list_questions"] == 1)
    let saved = zip(records, predictions).map { JSON.object(task.savedRow($0, $1)) }
    #expect(try task.examples(saved: saved).evaluation.json == examples.evaluation.json)
    #expect(examples.values(weights: [0, 1, 1])["mrr"]?.isNaN == true)
    #expect(!saved.contains { $0.text().contains("\"b\"") }, "a text was saved")
  }

  @Test func `the answers of the snippets are merged by BioBERT's rule`() {
    func candidate(_ text: String, _ probability: Double) -> AnswerCandidate {
      AnswerCandidate(text: text, start: 1, end: 2, probability: probability, startLogit: 0, endLogit: 0)
    }
    let long = String(repeating: "x", count: 101)
    let snippets = [
      [candidate("TP53", 0.5), candidate("", 0.4), candidate("p53", 0.3), candidate("c", 0.05)],
      [candidate(long, 0.9), candidate("tp53", 0.4), candidate("a", 0.05), candidate("b", 0.05), candidate("d", 0.01)],
    ]
    var decoding = AnswerDecoding()
    let factoid = decoding.merge(snippets, of: .factoid)
    #expect(factoid.map(\.text) == ["TP53", "p53", "c", "a", "b"] && abs(factoid[0].probability - 0.9) < 1e-12)
    #expect(factoid[0].snippet == 0 && factoid[3].snippet == 1)
    #expect(decoding.merge(snippets, of: .list).map(\.text) == ["TP53"])
    decoding.listThreshold = 0.3
    #expect(decoding.merge(snippets, of: .list).map(\.text) == ["TP53", "p53"])
    decoding.listThreshold = 2
    #expect(decoding.merge(snippets, of: .list).map(\.text) == ["TP53"])
    #expect(decoding.merge([[]], of: .list).isEmpty)
  }
}
