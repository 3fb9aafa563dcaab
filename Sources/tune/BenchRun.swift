/// Executes a benchmark for a command: its runs with their progress, its files, and how it ended.
import ArgumentParser
import Files
import Kernels
import Recipes
import Reporting
import Runs

struct BenchRun {
  let bench: Bench
  let threads: ThreadOption
  let json: Bool

  func announce() {
    note("a benchmark of \(counted(bench.rows.count, "row")), \(counted(bench.expected.cells.count, "run"))")
    bench.notes.forEach { note("note: " + $0) }
  }

  func estimate() throws { try GridEstimateTable(grid: bench.expected, threads: threads, json: json).run() }

  /// - Parameters:
  ///   - begin: called when the benchmark's folder is there and no run has begun.
  ///   - show: prints the results, whose files are written.
  /// - Throws: `ExitCode` if runs were interrupted or have failed.
  func run(begin: () throws -> Void = {}, show: (BenchResults) throws -> Void) throws {
    let grid = bench.grid
    var steps = try grid.plan(.resume)
    try threads.start(InferencePrecision(grid.cells[0].recipe.precision))
    var interrupt = Interrupt(grid.cells[0].recipe)
    try bench.check(steps, threads: threads.count) { interrupt.isRequested }
    try grid.begin(writing: [BenchResults.resultsFile, BenchResults.pageFile])
    try begin()
    steps = try grid.plan(.resume)  // another process may have begun in the meantime
    let console = GridConsole(grid, expected: bench.expected.cells.count)
    let outcomes = try grid.execute(
      steps, wanted: bench.wanted, threads: threads.count, shouldStop: { interrupt.isRequested },
      shouldSave: { interrupt.takeSaveRequest() }
    ) { event in
      if case .began(let index) = event { interrupt.onSIGUSR1 = grid.cells[index].recipe.training.onSIGUSR1 }
      console.report(event)
    }
    var results = try BenchResults(bench, outcomes)
    if bench.crossEvaluates {
      try results.crossEvaluate(threads: threads.count, until: { interrupt.isRequested }) { run in
        note("evaluating \(run) on the other tasks")
      }
    }
    try results.save()
    if isFirstTask {
      try show(results)
      note("\(results.output)/\(BenchResults.resultsFile), \(BenchResults.pageFile)")
    }
    let pending = results.rows.count { $0.pending > 0 }
    if pending > 0 || bench.crossEvaluates && interrupt.isRequested {
      note("stopped with \(counted(pending, "row")) left. Nothing is lost; the same command continues.")
      throw ExitCode(130)
    }
    results.failures.forEach { note("failed: \($0)") }
    if !results.failures.isEmpty { throw ExitCode.failure }
  }
}
