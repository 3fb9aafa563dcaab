/// `--dry-run` for several runs: the resources of each configuration, and of all runs.
import Files
import Kernels
import Recipes
import Reporting
import Runs

struct GridEstimateTable {
  let grid: RunGrid
  let threads: ThreadOption
  let json: Bool

  func run() throws {
    try threads.start(InferencePrecision(grid.cells[0].recipe.precision))
    let estimate = try grid.estimateResources(threads: threads.count) { note(grid.title(of: $0)) }
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
      time    \(duration(estimate.seconds)) for \(counted(estimate.runs, "run"))
      disk    at most \(megabytes(estimate.disk))\(estimate.free.map { ", \(megabytes($0)) free" } ?? "")
      """)
  }
}
