/// Short names, conditions, orders and comparisons over a few runs.
import Files
import TestSupport
import Testing

@testable import Runs

struct RunFilterTests {
  let shelf = Shelf()
  let runs: [RunRecord]

  init() throws {
    try shelf.add("a", rank: 8, seed: 1, f1: 0.8, loss: 0.4)
    try shelf.add("b", rank: 16, seed: 2, f1: 0.9, loss: 0.6)
    try shelf.add("c", rank: nil, seed: 1, f1: 0.7, loss: 0.2)
    try shelf.add("d", rank: 8, seed: 2)
    runs = findRuns(under: shelf.path) { _ in }
  }

  private func names(_ runs: [RunRecord]) -> String { runs.map { lastPathComponent($0.path) }.joined() }

  @Test(arguments: [
    ("method=lora", "abd"), ("method=lora and f1>0.8", "b"), ("f1>=0.8", "ab"), ("f1<=0.8", "ac"), ("f1<0.8", "c"),
    ("f1!=0.8", "bcd"), ("rank=8.0", "ad"), ("status=completed and seed=1", "ac"), ("method.rank > 8", "b"),
    ("base=mini", "abcd"), ("started>2020", "abcd"), ("started>9", ""), ("target_modules=query,value", "abd"),
    ("test.per_type.A.f1=0.9", "b"), ("dev.f1=0.25", "abc"), ("method>full", "abd"), ("seconds<5", "ac"),
  ])
  func `conditions`(_ condition: String, _ wanted: String) throws {
    let filter = try RunFilter([condition], in: runs)
    #expect(names(runs.filter(filter.matches)) == wanted)
  }

  @Test func `several conditions must all hold`() throws {
    let filter = try RunFilter(["seed=1", "f1>0.5 and method=lora"], in: runs)
    #expect(names(runs.filter(filter.matches)) == "a" && filter.keys.map(\.name) == ["seed", "f1", "method"])
  }

  @Test(arguments: ["f1", "=3", "f1=", "f1!3", "f1==1", "f1=>1", "f1>0.5 and", "f1>0.5 or f1<0.2", "f1>0.5 AND seed=1"])
  func `what is no condition is told`(_ text: String) {
    #expect(throws: RunFilter.Fault(condition: text)) { try RunFilter([text], in: runs) }
  }

  @Test func `a key that no run has, or that may be two, is told`() {
    #expect(throws: RunKey.Fault.unknown("rnk", nearest: "rank")) { try RunKey("rnk", in: runs) }
    #expect(throws: RunKey.Fault.ambiguous("dropout", among: ["distillation.dropout", "model.dropout"])) {
      try RunKey("dropout", in: runs)
    }
  }

  @Test(arguments: [
    ("f1", "bacd"), ("loss", "cabd"), ("seconds", "cabd"), ("rank", "badc"), ("method", "cabd"), ("best", "abcd"),
    ("seed", "bdac"),
  ])
  func `the better comes first, and runs without the value last`(_ key: String, _ wanted: String) throws {
    #expect(names(try RunKey(key, in: runs).bestFirst(runs)) == wanted)
  }

  @Test func `runs that differ by their seed alone share the recipe's fingerprint`() throws {
    let prints = runs.map { $0.values["recipe"] }
    #expect(prints[0] == prints[3] && Set(prints.map { $0?.string ?? "" }).count == 3)
    #expect(prints[0]?.string?.count == 8)
  }

  @Test func `a comparison has the settings that differ, and the figures that some run has`() throws {
    let comparison = RunComparison([runs[0], runs[1], runs[3]])
    #expect(
      comparison.settings == [
        .init(key: "method.rank", values: [8, 16, 8]), .init(key: "seed", values: [1, 2, 2]),
      ])
    let figures = Dictionary(uniqueKeysWithValues: comparison.figures.map { ($0.key, $0.values) })
    #expect(figures["test.f1"] == [0.8, 0.9, nil] && figures["train_seconds"] == [4.0, 6.0, nil])
    #expect(figures["status"] == ["completed", "completed", "failed"] && figures["steps"] == nil)
    #expect(comparison.figures.last?.key == "test.per_type.A.f1")
    #expect(comparison.json["settings"]?["method.rank"] == [8, 16, 8])
    #expect(comparison.json["figures"]?["test.f1"] == [0.8, 0.9, nil])
  }
}
