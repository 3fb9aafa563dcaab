/// A grid of runs, such as a recipe's sweep or the methods of a benchmark. Its runs are planned (`plan`), checked
/// (`check`), executed one after the other (`execute`) and summarized over seeds (`GridSummary`).
package import Files
package import Recipes

/// ```swift
/// let grid = RunGrid(sweep), steps = try grid.plan(.resume)
/// try grid.check(threads: 8, steps)
/// let outcomes = grid.execute(steps, threads: 8, shouldStop: { false }, report: { _ in })
/// try GridSummary(grid, outcomes).save(as: grid.output + "/sweep")
/// ```
package struct RunGrid: Sendable {
  /// The folder that contains the runs' folders.
  package let output: String
  /// The keys of the cells' settings in the order of the summary's columns, without those of repetitions.
  package let axes: [String]
  package let cells: [GridCell]

  package init(output: String, axes: [String], cells: [GridCell]) {
    precondition(Set(cells.map(\.name)).count == cells.count, "two cells of a grid have the same name")
    (self.output, self.axes, self.cells) = (output, axes.filter { !GridCell.repetitions.contains($0) }, cells)
  }

  /// The grid of a recipe's sweep.
  package init(_ sweep: Sweep) { self.init(output: sweep.output, axes: sweep.axes.map(\.path), cells: sweep.cells) }

  /// How a run of the grid ended.
  package enum Outcome: Sendable {
    /// With its result.json.
    case finished(JSON)
    case failed(String)
    /// The grid was stopped before or during this run.
    case pending
  }
}
