/// Tests short names, conditions, sorting and comparison of a few runs.
import Files
import TestSupport
import Testing

@testable import Runs

struct RunFilterTests {
  let folder = RunsFolder()
  let runs: [RunRecord]

  init() throws {
    try folder.add("a", rank: 8, seed: 1, f1: 0.8, loss: 0.4, dev: 0.6)
    try folder.add("b", rank: 16, seed: 2, f1: 0.9, loss: 0.6, dev: 0.4)
    try folder.add("c", rank: nil, seed: 1, f1: 0.7, loss: 0.2, dev: 0.5)
    try folder.add("d", rank: 8, seed: 2)
    runs = findRuns(under: folder.path) { _ in }
  }

  private func names(_ runs: [RunRecord]) -> String { runs.map { lastPathComponent($0.path) }.joined() }

  @Test(arguments: [
    ("method=lora", "abd"), ("method=lora and f1>0.5", "a"), ("f1>=0.5", "ac"), ("f1<=0.5", "bc"), ("f1<0.5", "b"),
    ("f1!=0.5", "abd"), ("test.f1>0.8", "b"), ("test.f1!=0.8", "bcd"), ("A.f1>0.5", "a"), ("rank=8.0", "ad"),
    ("status=completed and seed=1", "ac"), ("method.rank > 8", "b"),
    ("base=mini", "abcd"), ("started>2020", "abcd"), ("started>9", ""), ("target_modules=query,value", "abd"),
    ("test.per_type.A.f1=0.9", "b"), ("dev.f1=0.5", "c"), ("method>full", "abd"), ("seconds<5", "ac"),
  ])
  func `a condition selects the runs for which it holds`(_ condition: String, _ expected: String) throws {
    let filter = try RunFilter([condition], in: runs)
    #expect(names(runs.filter(filter.matches)) == expected)
  }

  @Test func `several conditions must all hold`() throws {
    let filter = try RunFilter(["seed=1", "f1>0.5 and method=lora"], in: runs)
    #expect(names(runs.filter(filter.matches)) == "a" && filter.keys.map(\.name) == ["seed", "dev.f1", "method"])
  }

  @Test(arguments: ["f1", "=3", "f1=", "f1!3", "f1==1", "f1=>1", "f1>0.5 and", "f1>0.5 or f1<0.2", "f1>0.5 AND seed=1"])
  func `an invalid condition is a fault`(_ text: String) {
    #expect(throws: RunFilter.Fault(condition: text)) { try RunFilter([text], in: runs) }
  }

  @Test func `an unknown key and an ambiguous key are faults`() {
    #expect(throws: RunKey.Fault.unknown("rnk", nearest: "rank")) { try RunKey("rnk", in: runs) }
    #expect(throws: RunKey.Fault.ambiguous("dropout", among: ["distillation.dropout", "model.dropout"])) {
      try RunKey("dropout", in: runs)
    }
  }

  @Test(arguments: [
    ("f1", "acbd"), ("test.f1", "bacd"), ("loss", "acbd"), ("test.loss", "cabd"), ("seconds", "cabd"), ("rank", "badc"),
    ("method", "cabd"), ("best", "acbd"), ("seed", "bdac"),
  ])
  func `the best run comes first, and runs without the value last`(_ key: String, _ expected: String) throws {
    #expect(names(try RunKey(key, in: runs).bestFirst(runs)) == expected)
  }

  @Test func `a score without its split is never the score on test`() throws {
    try folder.add("e", f1: 1, loss: 0, dev: nil)
    let all = findRuns(under: folder.path) { _ in }, key = try RunKey("f1", in: all)
    #expect(names(key.bestFirst(all)) == "acbde" && key.name == "dev.f1")
    for (key, lacking) in [("f1", "e"), ("dev.f1", "e"), ("best", "e"), ("test.f1", ""), ("rank", "")] {
      let key = try RunKey(key, in: all)
      #expect(names(all.filter(key.lacksDevScore)) == lacking)
    }
    let (atLeast, differs) = (try RunFilter(["f1>=0"], in: all), try RunFilter(["f1!=1"], in: all))
    #expect(!atLeast.matches(all[4]) && differs.matches(all[4]))
    let onlyTest = [all[4]]
    for (name, full) in [("f1", "test.f1"), ("A.f1", "test.per_type.A.f1"), ("loss", "test.loss")] {
      #expect(throws: RunKey.Fault.onlyOnTest(name, key: full)) { try RunKey(name, in: onlyTest) }
      #expect(try RunKey(full, in: onlyTest).value(of: all[4]) != nil)
    }
  }

  @Test func `runs that differ only in the seed have the same recipe fingerprint`() throws {
    let fingerprints = runs.map { $0.values["recipe"] }
    #expect(fingerprints[0] == fingerprints[3] && Set(fingerprints.map { $0?.string ?? "" }).count == 3)
    #expect(fingerprints[0]?.string?.count == 8)
  }

  @Test func `a comparison has the settings that differ, and the results that some run has`() throws {
    let comparison = RunComparison([runs[0], runs[1], runs[3]])
    #expect(
      comparison.settings == [
        .init(key: "method.rank", values: [8, 16, 8]), .init(key: "seed", values: [1, 2, 2]),
      ])
    let results = Dictionary(uniqueKeysWithValues: comparison.results.map { ($0.key, $0.values) })
    #expect(results["test.f1"] == [0.8, 0.9, nil] && results["train_seconds"] == [4.0, 6.0, nil])
    #expect(results["status"] == ["completed", "completed", "failed"] && results["steps"] == nil)
    #expect(comparison.results.last?.key == "test.per_type.A.f1")
    #expect(comparison.json["settings"]?["method.rank"] == [8, 16, 8])
    #expect(comparison.json["results"]?["test.f1"] == [0.8, 0.9, nil])
  }

  @Test func `a comparison of ranks has alpha, also where it is the same`() throws {
    for (name, rank) in [("e", 4), ("f", 8)] { try folder.add(name, rank: rank, alpha: 8, f1: 0.5) }
    try folder.add("g", rank: 8, alpha: 8, seed: 2, f1: 0.5)
    func settings(_ names: String...) throws -> [String] {
      RunComparison(try names.map { try RunRecord(folder: folder.path + "/" + $0) }).settings.map(\.key)
    }
    #expect(try settings("e", "f") == ["method.alpha", "method.rank"])
    #expect(try settings("f", "g") == ["seed"])
  }

  @Test func `a folder of runs stands for its runs, those of a sweep in its order`() throws {
    for name in ["rank=16", "rank=4", "rank=8"] { try folder.add("grid/" + name, f1: 0.5) }
    let grid = folder.path + "/grid"
    func found(_ path: String) throws -> [String] { try runFolders(path).map { String($0.dropFirst(grid.count + 1)) } }
    #expect(try found(grid) == ["rank=16", "rank=4", "rank=8"] && found(grid + "/") == found(grid))
    try writeFile(
      #"{"runs": [{"name": "rank=4"}, {"name": "rank=8"}, {"name": "rank=16"}, {"name": "pending"}]}"#,
      to: grid + "/sweep.json")
    #expect(try found(grid) == ["rank=4", "rank=8", "rank=16"] && found(grid + "/rank=8") == ["rank=8"])
    for name in ["lora/seed=1", "lora/seed=2", "full/seed=1"] { try folder.add("bench/base/task/" + name, f1: 0.5) }
    let bench = folder.path + "/bench"
    #expect(
      try runFolders(bench).map { String($0.dropFirst(bench.count + 1)) }
        == ["base/task/full/seed=1", "base/task/lora/seed=1", "base/task/lora/seed=2"])
    try makeFolder(folder.path + "/empty")
    #expect(throws: FileFault.self) { try runFolders(folder.path + "/empty") }
    #expect(throws: FileFault.missing(path: grid + "/nowhere")) { try runFolders(grid + "/nowhere") }
  }
}
