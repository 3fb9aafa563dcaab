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

@Test func `results are aggregated over seeds, and the best configuration is chosen on dev`() throws {
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
  #expect(rows.map(\.isBest) == [false, true, false] && summary.hasFailures)
  #expect(rows[0].metric?.name == "f1" && rows[0].trainable == 10 && rows[0].seconds?.mean == 2)
  let lines = summary.tsv.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
  #expect(lines.count == 4 && lines.allSatisfy { $0.count == lines[0].count })
  #expect(
    lines[0].starts(with: ["method.rank", "finished", "failed", "metric", "dev_mean", "dev_std", "test_f1_mean"]))
  #expect(lines[2][4] == "0.8" && lines[2][5] == "" && lines[2].last == "best")
  #expect(summary.json["runs"]?.array?.count == 9)
  #expect(summary.json["runs"]?.array?[4]["error"] == "no room")
  let low = try sweep(["method.rank": [4, 8]], over: shipped.with("training.metric_for_best_model", "loss"))
  let best = GridSummary(RunGrid(low), [result(dev: 0.5, test: 0), result(dev: 0.6, test: 0)])
  #expect(best.configurations.map(\.isBest) == [false, true])
}
