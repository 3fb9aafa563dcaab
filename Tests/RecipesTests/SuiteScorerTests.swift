/// The metrics that score the sets of BLURB and BLUE, compared with the suites' own rules on given predictions.
import Files
import TestSupport
import Testing

@testable import Recipes
@testable import Tasks

@Suite struct SuiteScorerTests {
  /// Made by Tests/Fixtures/suites/make_scores.py.
  @Test func `scores of given predictions are those of LinkBERT, BLUE, seqeval, scipy and scikit-learn`() throws {
    let cases = try JSON(path: fixture("suites/scores.json")).array ?? []
    var counts: [String: Int] = [:]
    for (index, golden) in cases.enumerated() {
      let rule = golden["rule"]?.string ?? "", score = try score(golden, rule)
      #expect(abs((score ?? .nan) - (golden["score"]?.number ?? .nan)) <= 1e-12, "case \(index), \(rule)")
      counts[rule, default: 0] += 1
    }
    #expect(
      counts == [
        "f1_micro": 180, "f1_macro": 58, "hoc": 60, "hoc_blue": 60, "f1": 60, "f1_word_macro": 60, "pearson": 60,
        "accuracy": 60,
      ])
  }

  private func score(_ golden: JSON, _ rule: String) throws -> Double? {
    func text(_ key: String) -> [String] { (golden[key]?.array ?? []).map { "\($0.int ?? -1)" } }
    func tags(_ key: String) -> [[String]] {
      (golden[key]?.string ?? "").split(separator: "|").map { $0.split(separator: " ").map(String.init) }
    }
    func rows(_ key: String) -> [[Double]] {
      (golden[key]?.array ?? []).map { ($0.array ?? []).compactMap(\.number) }
    }
    switch rule {
    case "f1_micro", "f1_macro":
      return RelationScore(gold: text("gold"), predicted: text("predicted"), negative: "0").values[rule]
    case "hoc", "hoc_blue":
      func set(_ row: [Double]) -> Set<String> {
        Set(zip(Suite.hallmarks, row).filter { $0.1 == 1 }.map(\.0))
      }
      let score = MultiLabelScore(
        gold: rows("gold").map(set), predicted: rows("predicted").map(set), probabilities: rows("predicted"),
        labels: Suite.hallmarks)
      return score.values[rule == "hoc" ? "f1_micro" : "f1_blue"]
    case "f1": return try EntityScore(gold: tags("gold"), predicted: tags("predicted")).values[rule]
    case "f1_word_macro":
      // The set's tags are types alone, so that adjacent words of one type are read as one entity.
      func joined(_ key: String) -> [[String]] {
        tags(key).map { tags in
          tags.indices.map {
            $0 > 0 && tags[$0] != "O" && tags[$0] == tags[$0 - 1] ? "I-" + tags[$0].dropFirst(2) : tags[$0]
          }
        }
      }
      return try EntityScore(gold: joined("gold"), predicted: joined("predicted")).values[rule]
    case "pearson":
      func numbers(_ key: String) -> [Double] { (golden[key]?.array ?? []).compactMap(\.number) }
      return RegressionScore(gold: numbers("gold"), predicted: numbers("predicted")).values[rule]
    default:
      return try ClassificationScore(gold: text("gold"), predicted: text("predicted"), labels: ["0", "1", "2"])
        .values[rule]
    }
  }

  @Test func `every set's metric is one of its task`() throws {
    for suite in Suite.all {
      for set in suite.sets {
        let task = set.sections(["a", "b", "c"], maxLength: 8)["task"]?["type"]?.string
        let type = try #require(TaskType(rawValue: task ?? ""))
        #expect(type.inference.metrics.contains { $0.name == set.metric }, "\(suite.name), \(set.name)")
      }
    }
    #expect(Suite.blurb.sets.count == 13 && Suite.blurb.types.count == 6 && Suite.blue.sets.count == 10)
  }
}
