/// `tune run --dry-run` for a sweep: the resources of each configuration, and of all runs.
import Files
import Kernels
import Recipes
import Reporting
import Runs

struct SweepEstimate {
  let sweep: Sweep
  let threads: ThreadOption
  let json: Bool

  func run() throws {
    let grid = RunGrid(sweep)
    try threads.start(InferencePrecision(grid.cells[0].recipe.precision))
    sweep.announce()
    let estimate = try grid.estimateResources(threads: threads.count) { note(sweep.title(of: $0)) }
    if json { return try emit(estimate.json, pretty: true) }
    let rows = estimate.configurations.map { configuration in
      grid.axes.map { axis in configuration.settings[axis].map { $0.string ?? $0.text(pretty: false) } ?? "" } + [
        "\(configuration.runs)", megabytes(configuration.estimate.peakMemory),
        duration(configuration.estimate.seconds), megabytes(configuration.estimate.checkpoint),
      ]
    }
    for line in textTable(grid.axes + ["runs", "memory", "time each", "result each"], rows) { try emit(line) }
    try emit(
      """

      memory  at most \(megabytes(estimate.peakMemory))
      time    \(duration(estimate.seconds)) for \(estimate.runs) runs
      disk    at most \(megabytes(estimate.disk))\(estimate.free.map { ", \(megabytes($0)) free" } ?? "")
      """)
  }
}

extension Sweep {
  /// Prints what will be run, with the sweep's notes.
  func announce() {
    note("a sweep of \(summary)")
    notes.forEach { note("note: " + $0) }
  }

  /// `[2/6] rank=8,seed=1`.
  func title(of index: Int) -> String { "[\(index + 1)/\(cells.count)] \(cells[index].name)" }

  /// `12 runs: learning_rate × 2, rank × 2, seed × 3`.
  var summary: String {
    let sizes = axes.map { "\($0.path) × \($0.values.count)" }.joined(separator: ", ")
    return "\(cells.count) \(cells.count == 1 ? "run" : "runs"): \(sizes)"
  }
}
