/// The results of a grid, aggregated over seeds.
import Files
import Tasks
import TestSupport
import Testing

@testable import Recipes
@testable import Runs

private func sweep(_ block: JSON, over base: JSON = shipped) throws -> Sweep {
  try #require(try Sweep(RawRecipe(base.with("sweep", block)), checkFiles: false))
}

private func result(dev: Double, test: Double) -> RunGrid.Outcome {
  .finished([
    "status": "completed", "trainable_parameters": 10, "train_seconds": 2.0,
    "metrics": ["dev": ["f1": .double(dev), "loss": .double(1 - dev)], "test": ["f1": .double(test)]],
  ])
}

@Test func `results are aggregated over seeds`() throws {
  let grid = try sweep(["method.rank": [4, 8, 16], "seed": [1, 2, 3]])
  let outcomes =
    [0.5, 0.6, 0.7].map { result(dev: $0, test: 0.9) }
    + [result(dev: 0.8, test: 0.1), .failed("no room"), .pending] + [.failed("a"), .failed("b"), .failed("c")]
  let summary = GridSummary(RunGrid(grid), outcomes)
  let rows = summary.configurations
  #expect(rows.map(\.finished) == [3, 1, 0] && rows.map(\.failed) == [0, 1, 3] && rows.map(\.pending) == [0, 1, 0])
  let dev = try #require(rows[0].dev)
  #expect(abs(dev.mean - 0.6) < 1e-12 && abs((dev.deviation ?? 0) - 0.1) < 1e-12 && dev.count == 3)
  #expect(rows[1].dev?.deviation == nil && rows[1].dev?.mean == 0.8 && rows[2].dev == nil)
  #expect(rows.map { $0.selection?.text } == [nil, "highest (one seed)", nil] && summary.hasFailures)
  #expect(rows[0].metric?.name == "f1" && rows[0].trainable == 10 && rows[0].seconds?.mean == 2)
  let lines = summary.tsv.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
  #expect(lines.count == 4 && lines.allSatisfy { $0.count == lines[0].count })
  #expect(
    lines[0].starts(with: [
      "method.rank", "alpha", "finished", "failed", "metric", "dev_mean", "dev_std", "test_f1_mean",
    ]))
  #expect(lines[2][1] == "16" && lines[2][5] == "0.8" && lines[2][6] == "" && lines[2].last == "highest (one seed)")
  #expect(summary.json["runs"]?.array?.count == 9)
  #expect(summary.json["runs"]?.array?[4]["error"] == "no room")
  #expect(summary.json["configurations"]?.array?[1]["selection"] == "highest (one seed)")
  #expect(summary.json["configurations"]?.array?[1]["is_best"] == false)
}

/// What the summary says about each rank, from the scores of its seeds on dev.
private func selections(_ scores: [[Double?]], metric: String = "f1") throws -> [String?] {
  let base = shipped.with("training.metric_for_best_model", .string(metric))
  let grid = try sweep(
    [
      "method.rank": .array(scores.indices.map { .int(4 << $0) }),
      "seed": .array((0..<(scores.map(\.count).max() ?? 0)).map(JSON.int)),
    ], over: base)
  // The fixture's loss is 1 - f1.
  let outcomes = scores.joined().map { score in
    score.map { result(dev: metric == "loss" ? 1 - $0 : $0, test: 0) } ?? .failed("no room")
  }
  return GridSummary(RunGrid(grid), outcomes).configurations.map { $0.selection?.text }
}

@Test func `a configuration is the best only if two or more seeds distinguish it`() throws {
  #expect(try selections([[0.6, 0.7], [0.8, 0.71]]) == [nil, "best"])
  #expect(try selections([[0.6, 0.7], [0.8, 0.69]]) == [nil, "highest (seeds overlap)"])
  #expect(try selections([[0.6, 0.7], [0.8, 0.7]]) == [nil, "highest (seeds overlap)"])
  #expect(try selections([[0.1, 0.2], [0.8, 0.9], [0.3, 0.85]]) == [nil, "highest (seeds overlap)", nil])
  #expect(try selections([[0.6], [0.8]]) == [nil, "highest (one seed)"])
  #expect(try selections([[0.6, nil], [0.8, 0.9]]) == [nil, "highest (one seed)"])
  #expect(try selections([[nil, nil], [0.8, 0.9], [0.1, 0.2]]) == [nil, "best", nil])
  #expect(try selections([[nil, nil], [0.8, 0.9]]) == [nil, nil] && selections([[0.8, 0.9]]) == [nil])
  #expect(try selections([[0.5, 0.5], [0.5, 0.5]]) == ["highest (seeds overlap)", "highest (seeds overlap)"])
  #expect(try selections([[0.3, 0.2], [0.5, 0.6]], metric: "loss") == ["best", nil])
  #expect(try selections([[0.3, 0.55], [0.5, 0.6]], metric: "loss") == ["lowest (seeds overlap)", nil])
  #expect(try selections([[0.3], [0.5]], metric: "loss") == ["lowest (one seed)", nil])
}

@Test func `tables show alpha where it or the rank differs, as a number`() throws {
  func columns(_ block: JSON) throws -> [[String]] {
    let grid = RunGrid(try sweep(block)), summary = GridSummary(grid, grid.cells.map { _ in .pending })
    return [summary.settingColumns] + summary.configurations.map(summary.settings)
  }
  #expect(try columns(["method.rank": [4, 8]]) == [["method.rank", "alpha"], ["4", "16"], ["8", "16"]])
  #expect(try columns(["method.alpha": [4, 8]]) == [["method.alpha"], ["4"], ["8"]])
  #expect(
    try columns(["method.alpha": ["rank", "0.5*rank"]]) == [
      ["method.alpha", "alpha"], ["rank", "16"], ["0.5*rank", "8"],
    ])
  #expect(try columns(["training.learning_rate": [1e-3]]) == [["training.learning_rate"], ["0.001"]])
  #expect(
    try columns(["method.type": ["full", "lora"]])[0] == ["method.type"]
      && columns(["method": [["type": "full"], ["type": "lora", "rank": 2], ["type": "lora", "alpha": 9]]])[0]
        == ["method", "alpha"]
  )
}
